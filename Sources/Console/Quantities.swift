/// How numbers are written for people.
public enum Quantity {
    /// A whole number with a comma between thousands: `10,021`.
    public static func grouped(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        groups.insert(digits, at: 0)
        return (value < 0 ? "-" : "") + groups.joined(separator: ",")
    }

    /// A number of bytes in binary units with one decimal: `512 B`, `1.5 KiB`, `2.3 TiB`.
    public static func bytes(_ value: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var tenths = UInt64(value.magnitude)
        if tenths < 1024 { return "\(value) B" }
        var unit = 0
        var divisor: UInt64 = 1
        while unit + 1 < units.count, tenths / divisor >= 1024 {
            divisor *= 1024
            unit += 1
        }
        let whole = tenths / divisor
        tenths = (tenths % divisor) * 10 / divisor
        return (value < 0 ? "-" : "") + "\(whole).\(tenths) \(units[unit])"
    }

    /// A count with its noun: `1 version`, `3 versions`.
    public static func count(_ value: Int, _ noun: String, _ plural: String? = nil) -> String {
        grouped(value) + " " + (value == 1 ? noun : plural ?? noun + "s")
    }
}
