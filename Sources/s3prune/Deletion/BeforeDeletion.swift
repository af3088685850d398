import Console
import Pruning

/// Does what comes before the first deletion: where a report or a plan cannot be written then,
/// nothing may be deleted.
func beforeDeletion<Result>(
    _ what: String = "deleted", _ body: () throws -> Result
) throws -> Result {
    do {
        return try body()
    } catch {
        throw refusedBeforeDeletion(error, what)
    }
}

/// The refusal in place of an error of writing; any other error as it is.
func refusedBeforeDeletion(_ error: any Error, _ what: String = "deleted") -> any Error {
    let failure: Failure
    switch error {
    case let error as WriteError: failure = error.failure
    case let error as SpillError: failure = error.failure
    default: return error
    }
    return Failure(.refused, "\(failure.message); nothing was \(what)", hint: failure.hint)
}
