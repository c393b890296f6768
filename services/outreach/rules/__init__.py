"""What outreach decides, without any input or output: visits, results and the ladder, plans, distances."""
