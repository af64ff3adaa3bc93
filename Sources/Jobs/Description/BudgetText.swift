// A budget as people write it: a share, or a number with its unit.

package import Catalogue
package import Failures

/// Why a text is no budget.
package struct BudgetFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    package let problem: String
    package let hint: String

    package var failureClass: FailureClass { .user }
    package var description: String { "\(problem); \(hint)" }
}

extension Budget {
    /// - Throws: `BudgetFault`, each way of being wrong with its own words.
    package init(_ measure: Measure, _ text: String) throws(BudgetFault) {
        let digits = text.prefix { "0123456789.,+-".contains($0) }
        let unit = String(text.dropFirst(digits.count).drop { $0 == " " })
        let parts = digits.split(separator: ",", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) {
            throw BudgetFault(
                problem: "numbers have a decimal point",
                hint: "write \(parts[0]).\(parts[1])\(unit)")
        }
        // JSON may write numbers with an exponent.
        let isPlain = text.allSatisfy { "0123456789.+-eE".contains($0) }
        guard let number = Double(isPlain ? text[...] : digits) else {
            throw BudgetFault(
                problem: "not an amount", hint: "write 0.75, or such as 6\(measure.usualUnit)")
        }
        guard number > 0 else {
            throw BudgetFault(
                problem: number == 0
                    ? "a budget of 0 leaves no model" : "a budget cannot be negative",
                hint: "write the most that the model may take")
        }
        self.init(
            measure,
            isPlain
                ? try Self.plain(number, measure)
                : .count(try Self.count(number, in: unit, measure)))
    }

    /// Of a number without a unit: a share, or what is counted itself.
    private static func plain(
        _ number: Double, _ measure: Measure
    ) throws(BudgetFault) -> Amount {
        if number < 1 { return .share(number) }
        guard number > 1 else {
            throw BudgetFault(
                problem: "the whole of the original, from which nothing would be removed",
                hint: "write less, such as 0.75")
        }
        // Nobody counts models in so few bytes.
        guard number >= 1000, number == number.rounded() else {
            let text = number == number.rounded() ? "\(Int(number))" : "\(number)"
            throw BudgetFault(
                problem: "neither a share below 1 nor a number with a unit",
                hint: "write \(text)\(measure.usualUnit)")
        }
        return .count(try count(number, times: 1, measure))
    }

    private static func count(
        _ number: Double, in unit: String, _ measure: Measure
    ) throws(BudgetFault) -> Int {
        guard unit != "%" else {
            throw BudgetFault(problem: "a percentage", hint: "write a share such as 0.75")
        }
        guard let factor = measure.factor(of: unit) else {
            throw BudgetFault(
                problem: "no unit of \(measure.rawValue)",
                hint: "units are " + measure.units.map(\.name).joined(separator: ", "))
        }
        return try count(number, times: factor, measure)
    }

    private static func count(
        _ number: Double, times factor: Int, _ measure: Measure
    ) throws(BudgetFault) -> Int {
        let count = (number * Double(factor)).rounded()
        // Every count up to here is a Double.
        guard count >= 1, count < 0x1p53 else {
            throw BudgetFault(
                problem: count < 1 ? "less than one" : "more than any model takes",
                hint: "write such as 6\(measure.usualUnit)")
        }
        return Int(count)
    }
}
