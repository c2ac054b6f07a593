"""What every part of the simulator stands on (see ``core/app.py``)."""
