"""Names that DNS, Kubernetes and registries take."""

import re

_LABEL = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def is_dns_label(text: str) -> bool:
    """Whether a text is a label of RFC 1123, as the names of clusters, namespaces and hosts have to be."""
    return bool(_LABEL.fullmatch(text))


def slug(text: str) -> str:
    """The text in lower case, each run of other characters a dash, none at an end; may be empty."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
