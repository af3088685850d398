/// Says which uploads are incomplete, and what became of those that were aborted.
public protocol UploadReport {
    /// Prints the uploads as they were found.
    func write(_ survey: UploadSurvey) throws
    /// Prints what became of the expired ones.
    func write(_ abortion: UploadAbortion) throws
}
