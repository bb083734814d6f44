"""What a lesson lets one try beside its network: a ball on a curve, tiles, a wall of nets."""
