import Foundation

/// Nightly versions of several keys, up to last night: what a bucket that is never pruned holds.
struct NightlyBackups {
    var keys: [String]
    var nights: Int
    /// The evening on which the listing is looked at.
    var today = Date()

    /// Lines for `TestServer.load`, a key's in time order: a version of each key every night at 01:05 and
    /// some minutes, and every hundredth night a deletion, undone by the next night's version.
    var plan: [String] {
        let calendar = Calendar(identifier: .gregorian)
        let lastNight = calendar.startOfDay(for: today).addingTimeInterval(65 * 60 - 86400)
        let format = ISO8601DateFormatter()
        return (0..<nights).reversed().flatMap { age in
            let begin = lastNight.addingTimeInterval(Double(-age * 86400))
            return keys.flatMap { key in
                let name = encoded(key)
                let put = "\(format.string(from: begin))\tput\t\(name)\t\(2048 - age)"
                guard age % 100 == 99 else { return [put] }
                let noon = format.string(from: begin.addingTimeInterval(11 * 3600))
                return [put, "\(noon)\tdelete\t\(name)"]
            }
        }
    }
}
