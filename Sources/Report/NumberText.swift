// Numbers as a person reads them. Written without Foundation's formatters, so that a report has
// the same bytes under every locale and library version.

import Glibc

package enum NumberText {
    package static let minus = "\u{2212}"
    private static let notANumber = "not a number"

    /// `decimals` digits after the point, grouped: 31009.6 with 1 gives `31,009.6`.
    ///
    /// Halves are rounded away from zero after scaling, which differs from exact decimal
    /// rounding only where the value is within a rounding error of a half.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        precondition((0...15).contains(decimals), "a Double has no more digits than that")
        guard value.isFinite else { return special(value) }
        let scale = pow(10, Double(decimals))
        let scaled = (value.magnitude * scale).rounded()
        // Beyond 2^53 a Double has no digits after the point that could be shown.
        guard scaled < 0x1p53 else { return value.description }
        let unit = Int(scale)
        let (whole, part) = Int(scaled).quotientAndRemainder(dividingBy: unit)
        var text = value < 0 && scaled > 0 ? minus : ""
        text += grouped(whole)
        guard decimals > 0 else { return text }
        let digits = String(part)
        text += "." + String(repeating: "0", count: decimals - digits.utf8.count) + digits
        return text
    }

    /// `digits` significant digits, never cutting whole ones: 51.69 gives `51.7`, 31009.6
    /// gives `31,010`, 0.0000123 gives `1.23e-5`.
    package static func significant(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return special(value) }
        guard value != 0 else { return "0" }
        var exponent = Int(log10(value.magnitude).rounded(.down))
        // 9.996 has three digits as 10.0: the rounded value decides.
        let unit = pow(10, Double(exponent - digits + 1))
        if (value.magnitude / unit).rounded() >= pow(10, Double(digits)) { exponent += 1 }
        if exponent < -4 || exponent >= 15 {
            let mantissa = fixed(value / pow(10, Double(exponent)), digits - 1)
            return "\(mantissa)e\(exponent)"
        }
        return fixed(value, max(0, digits - 1 - exponent))
    }

    /// `12,943,616`.
    package static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude).utf8
        var text: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(UInt8(ascii: ",")) }
            text.append(digit)
        }
        return (value < 0 ? minus : "") + String(decoding: text, as: UTF8.self)
    }

    /// `12.9 M`, for counts of parameters.
    package static func short(_ count: Int) -> String {
        scaled(count, base: 1000, units: ["", " K", " M", " B", " T"])
    }

    /// `24.6 MiB`.
    package static func bytes(_ count: Int) -> String {
        scaled(count, base: 1024, units: [" B", " KiB", " MiB", " GiB", " TiB", " PiB"])
    }

    private static func scaled(_ count: Int, base: Double, units: [String]) -> String {
        var value = Double(count.magnitude)
        var unit = 0
        // 999.95 would be shown as 1,000: it belongs to the next unit.
        while value >= base * 0.9995, unit < units.count - 1 {
            value /= base
            unit += 1
        }
        let text = unit == 0 ? grouped(Int(value)) : significant(value)
        return (count < 0 ? minus : "") + text + units[unit]
    }

    /// `0.42 s`, `12.3 s`, `4 min 05 s`, `2 h 13 min`.
    package static func seconds(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        guard (0..<1e9).contains(value) else { return significant(value) + " s" }
        if value < 9.995 { return fixed(value, 2) + " s" }
        if value < 59.95 { return fixed(value, 1) + " s" }
        let whole = Int(value.rounded())
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
        let minutes = Int((value / 60).rounded())
        return "\(grouped(minutes / 60)) h \(two(minutes % 60)) min"
    }

    /// A share as `12.5%`; no more digits than it needs, at most two.
    package static func percent(_ share: Double) -> String {
        guard share.isFinite else { return special(share) }
        return trimmed(fixed(share * 100, 2)) + "%"
    }

    /// `significant` without zeros at the end: 0.580 as `0.58`, 90.0 as `90`.
    package static func brief(_ value: Double) -> String {
        let text = significant(value)
        return text.contains("e") ? text : trimmed(text)
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        let rest = text.reversed().drop { $0 == "0" }
        return String((rest.first == "." ? rest.dropFirst() : rest).reversed())
    }

    /// A relative change with its sign, `+68.8%`, `−12.5%`; from tenfold on, as `×600`.
    package static func change(_ share: Double) -> String {
        guard share.isFinite else { return special(share) }
        if share >= 9 { return "×" + significant(1 + share) }
        let percent = share * 100
        let decimals = percent.magnitude < 99.95 ? 1 : 0
        return signed(fixed(percent, decimals)) + "%"
    }

    /// A difference in percentage points of two shares: `−1.2 points`.
    package static func points(_ difference: Double) -> String {
        guard difference.isFinite else { return special(difference) }
        return signed(fixed(difference * 100, 1)) + " points"
    }

    private static func signed(_ text: String) -> String {
        if text.hasPrefix(minus) { return text }
        return text.contains { $0 >= "1" && $0 <= "9" } ? "+" + text : "±" + text
    }

    /// The shortest decimal that reads back as `value`; whole numbers without a point.
    package static func plain(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A length in a drawing: at most two decimals, no zeros that say nothing.
    package static func coordinate(_ value: Double) -> String {
        precondition(value.isFinite && value.magnitude < 1e9, "a drawing has finite places")
        let hundredths = Int((value * 100).rounded())
        let sign = hundredths < 0 ? "-" : ""
        let whole = hundredths.magnitude / 100
        let rest = hundredths.magnitude % 100
        if rest == 0 { return "\(sign)\(whole)" }
        if rest % 10 == 0 { return "\(sign)\(whole).\(rest / 10)" }
        return "\(sign)\(whole)." + (rest < 10 ? "0" : "") + String(rest)
    }

    private static func special(_ value: Double) -> String {
        if value.isNaN { return notANumber }
        return (value < 0 ? minus : "") + "infinite"
    }
}
