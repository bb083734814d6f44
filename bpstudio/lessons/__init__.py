"""Floor 7: questions and their answers, exercises, planted faults and lessons, without Qt."""
