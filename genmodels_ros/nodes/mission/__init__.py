"""The demo's planner clients: what a user's own program would do with the nodes, over real topics and services."""
