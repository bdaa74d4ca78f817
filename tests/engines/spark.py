"""Spark Connect engines, each over the lake of every world: Sail, and Apache Spark on a cluster."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
