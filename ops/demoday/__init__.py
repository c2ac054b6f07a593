"""The demo day: shoppers through the HTTP API, staff through the web client's own
calls, WeChat through the simulator; then the day is checked against the simulator's
own database. Runs in the virtual environment: ``python -m ops.demoday``."""
