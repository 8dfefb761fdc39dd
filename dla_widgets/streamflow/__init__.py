"""Streamflow: a river's daily discharge from weather, on the CAMELS-US basins or on simulated ones."""
