"""`rescind tokens`: who may ask over HTTP."""
