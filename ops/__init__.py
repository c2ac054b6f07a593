"""Set-up and process control behind ``./run`` and ``./test``; standard library only."""
