// put_all puts all files of a folder into a bucket with Amazon's or Google's own client for Go, many at once,
// and prints the seconds that took.
//
//	put_all gs|s3 BUCKET PREFIX FOLDER AT_ONCE
package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type put func(ctx context.Context, key string, content []byte) error

func main() {
	kind, bucket, prefix, folder := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	atOnce, err := strconv.Atoi(os.Args[5])
	check(err)
	ctx := context.Background()
	store := map[string]func(context.Context, string) put{"gs": google, "s3": amazon}[kind](ctx, bucket)

	began := time.Now()
	names := make(chan string)
	var senders sync.WaitGroup
	for range atOnce {
		senders.Go(func() {
			for name := range names {
				content, err := os.ReadFile(filepath.Join(folder, name))
				check(err)
				check(store(ctx, prefix+"/"+name, content))
			}
		})
	}
	check(fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names <- name
		}
		return err
	}))
	close(names)
	senders.Wait()
	fmt.Println(time.Since(began).Seconds())
}

func google(ctx context.Context, bucket string) put {
	client, err := storage.NewClient(ctx)
	check(err)
	return func(ctx context.Context, key string, content []byte) error {
		writer := client.Bucket(bucket).Object(key).NewWriter(ctx)
		writer.ChunkSize = 0 // in one request
		if _, err := writer.Write(content); err != nil {
			return err
		}
		return writer.Close()
	}
}

func amazon(ctx context.Context, bucket string) put {
	settings, err := config.LoadDefaultConfig(ctx)
	check(err)
	client := s3.NewFromConfig(settings, func(options *s3.Options) {
		options.UsePathStyle = true
		options.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	return func(ctx context.Context, key string, content []byte) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: bytes.NewReader(content),
		})
		return err
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
