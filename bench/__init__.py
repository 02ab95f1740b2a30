"""The promises of speed, measured: every figure is divided by a floor of the same machine, taken in the same run."""
