// Bytes as settings, manifests and options say them.

import Catalogue
package import Failures

/// A number of bytes as people write it: `500G`, `48GiB`, `1.5 TiB`, `1000000`. Small numbers
/// without a unit are taken for mistakes.
package enum ByteCount {
    /// What is wrong with an amount, for whoever knows where it stands.
    package struct Fault: ClassifiedFailure, Equatable, CustomStringConvertible {
        let problem: String
        let expected: String
        let hint: String?

        package var failureClass: FailureClass { .user }

        package var description: String {
            "\(problem); expected \(expected)" + (hint.map { "; \($0)" } ?? "")
        }
    }

    /// - Parameters:
    ///   - example: what people see in errors.
    ///   - allowsZero: whether 0 means something.
    package static func read(
        _ text: String, example: String = "500G", allowsZero: Bool = false
    ) throws(Fault) -> Int {
        func fault(_ problem: String, _ hint: String? = nil) -> Fault {
            Fault(problem: problem, expected: "bytes, such as \(example)", hint: hint)
        }
        // JSON may write numbers with an exponent.
        let isPlain = text.allSatisfy { "0123456789.+-eE".contains($0) }
        let digits = isPlain ? text[...] : text.prefix { "0123456789.+-".contains($0) }
        let unit = String(text.dropFirst(digits.count).drop { $0 == " " })
        guard let number = Double(digits), number >= 0 else { throw fault("not an amount") }
        guard let factor = unit.isEmpty ? 1 : measure.factor(of: unit) else {
            throw fault(
                "no unit of bytes", "units are " + measure.units.map(\.name).joined(separator: ", ")
            )
        }
        if number == 0, allowsZero { return 0 }
        let count = (number * Double(factor)).rounded()
        // Every count up to here is a Double.
        guard count < 0x1p53 else { throw fault("not an amount") }
        if isPlain, number > 0, number < 1 {
            throw fault("a share", "write bytes, such as \(example)")
        }
        guard count >= 1 else { throw fault("less than a byte") }
        if isPlain, number < 1000 || number != count {
            throw fault("a number without a unit", "write \(digits)\(measure.usualUnit)")
        }
        return Int(count)
    }

    /// The same of a value in a file.
    /// - Throws: `ManifestError` with line and column.
    static func parse(
        _ field: Field, example: String = "500G", allowsZero: Bool = false
    ) throws -> Int {
        let text = try field.text("bytes, such as \(example)")
        do { return try read(text, example: example, allowsZero: allowsZero) } catch {
            throw field.error(
                error.problem, expected: error.expected, found: field.node.found, hint: error.hint)
        }
    }

    private static let measure = Budget.Measure.size
}
