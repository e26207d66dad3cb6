"""The dashboards of a stage. docs/dashboards shows each as a picture."""
