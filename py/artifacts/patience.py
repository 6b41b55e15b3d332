"""How long a bucket may be out of reach before we say so: seconds, not the minutes that clients take."""

CONNECT = 3.0  # seconds until a server has to have taken our call
ANSWER = 15.0  # seconds in which it may be silent
ATTEMPTS = 4  # where a client counts them, with pauses between that double
DEADLINE = 20.0  # seconds, where a client's attempts have an end
