"""One function for each thing done in notify: tell, acknowledge, pass up, choose channels, send."""
