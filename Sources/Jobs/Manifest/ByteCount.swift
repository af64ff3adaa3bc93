// Bytes as the settings file says them.

import Catalogue

/// A number of bytes as people write it: `500G`, `48GiB`, `1.5 TiB`, `1000000`.
enum ByteCount {
    /// - Parameters:
    ///   - example: what people see in errors.
    ///   - least: with 0, small numbers without a unit and 0 itself count as they stand; with 1
    ///     they are taken for mistakes.
    /// - Throws: `ManifestError` with line and column.
    static func parse(_ field: Field, example: String = "500G", least: Int = 1) throws -> Int {
        let expected = "bytes, such as \(example)"
        let text = try field.text(expected)
        func error(_ problem: String, _ hint: String? = nil) -> ManifestError {
            field.error(problem, expected: expected, found: field.node.found, hint: hint)
        }
        // JSON may write numbers with an exponent.
        let isPlain = text.allSatisfy { "0123456789.+-eE".contains($0) }
        let digits = isPlain ? text[...] : text.prefix { "0123456789.+-".contains($0) }
        let unit = String(text.dropFirst(digits.count).drop { $0 == " " })
        guard let number = Double(digits), number >= 0 else { throw error("not an amount") }
        guard let factor = unit.isEmpty ? 1 : measure.factor(of: unit) else {
            throw error(
                "no unit of bytes", "units are " + measure.units.map(\.name).joined(separator: ", ")
            )
        }
        let count = (number * Double(factor)).rounded()
        // Every count up to here is a Double.
        guard count < 0x1p53 else { throw error("not an amount") }
        if least > 0 {
            if isPlain, number > 0, number < 1 {
                throw error("a share", "write bytes, such as \(example)")
            }
            guard Int(count) >= least else { throw error("less than a byte") }
            if isPlain, number < 1000 || number != count {
                throw error("a number without a unit", "write \(digits)\(measure.usualUnit)")
            }
        }
        return Int(count)
    }

    private static let measure = Budget.Measure.size
}
