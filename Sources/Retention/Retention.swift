// Retention
