internal import CivilTime

extension CivilCalendar {
    /// The wall-clock time of an instant to the minute: `2026-11-22 02:13`.
    func localText(of instant: Timestamp) -> String {
        let hour = period(.hour, of: instant)
        let seconds = instant.seconds + Int64(zone.offset(at: instant))
        let minute = Int(seconds - Int64(hour) * 3600) / 60
        let name = self.name(of: .hour, hour).split(separator: "T").joined(separator: " ")
        return "\(name):\(minute < 10 ? "0" : "")\(minute)"
    }
}
