"""Floor 3: training, in this process or in a worker process, and what it reports."""
