"""A stand-in for S3 on a free port of this machine: s3.py prints its address and serves until its standard input ends.

The pipe to standard input is closed by the kernel when whoever started it has ended, in whatever way.
"""
import logging
import sys

from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"http://{host}:{port}", flush=True)
sys.stdin.read()
