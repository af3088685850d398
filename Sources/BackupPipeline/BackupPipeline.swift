// BackupPipeline
