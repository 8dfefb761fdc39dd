"""The service's door to the network: who asks, how often, and what they may be told."""
