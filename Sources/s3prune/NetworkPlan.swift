import CivilTime
import Console
import Pruning
import S3

/// A plan from the bucket itself.
struct NetworkPlan {
    let policy: LoadedPolicy
    let connection: ConnectionOptions
    let now: Timestamp?
    let environment: [String: String]

    func make(_ run: PruneRun) throws -> PlanSummary { throw Failure(.failed, "not yet") }
}
