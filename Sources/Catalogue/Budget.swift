// What a folded model may take, in place of a share of layers: bytes of its files, parameters, or
// bytes of key-value cache.

/// The most that a folded model may take.
package struct Budget: Sendable, Hashable {
    /// What is counted; raw values are keys of the manifest.
    package enum Measure: String, Sendable, CaseIterable {
        case size, parameters, kv
    }

    package enum Amount: Sendable, Hashable {
        /// Of what the original takes, > 0 and < 1.
        case share(Double)
        /// Bytes, or parameters, > 0.
        case count(Int)
    }

    package let measure: Measure
    package let amount: Amount

    package init(_ measure: Measure, _ amount: Amount) {
        self.measure = measure
        self.amount = amount
    }

    /// The most, where the original takes `original`; a share of it is rounded down.
    package func limit(of original: Int) -> Int {
        switch amount {
        case .share(let share):
            // A share below one of a file as large as a file can be rounds to what no Int holds.
            Int(exactly: (share * Double(original) + 1e-6).rounded(.down)) ?? .max
        case .count(let count): count
        }
    }
}

extension Budget.Measure {
    /// What is counted, for people.
    package var meaning: String {
        switch self {
        case .size:
            "Bytes of the files of tensors as they will be written, in the job's `output` format."
        case .parameters: "Parameters, a head that is tied to the embedding once."
        case .kv:
            "Bytes of key-value cache for each token of a text, in the format of the weights as "
                + "they will be written; a layer with a window counts as any other."
        }
    }

    /// What may be written, for people.
    package var expected: String {
        switch self {
        case .size: "a share of the original's, such as 0.75, or bytes, such as 6G or 6GiB"
        case .parameters: "a share of the original's, such as 0.75, or a count, such as 6.5B"
        case .kv: "a share of the original's, such as 0.75, or bytes a token, such as 96KiB"
        }
    }

    /// In the order in which they are tried to write a count.
    package var units: [(name: String, factor: Int)] {
        switch self {
        case .parameters:
            [
                ("T", 1_000_000_000_000), ("B", 1_000_000_000), ("M", 1_000_000), ("K", 1000),
            ]
        case .size, .kv:
            [
                ("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("K", 1000),
                ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
            ]
        }
    }

    /// Of a unit in any case; of bytes, `GB` is `G`, and `Gi` is `GiB`.
    package func factor(of name: String) -> Int? {
        func stem(_ name: String) -> String {
            let name = name.uppercased()
            let isLong = self != .parameters && name.count > 1 && name.hasSuffix("B")
            return isLong ? String(name.dropLast()) : name
        }
        return units.first { stem($0.name) == stem(name) }?.factor
    }

    /// What stands behind a number that was given without a unit, most likely.
    package var usualUnit: String {
        switch self {
        case .size: "G"
        case .parameters: "B"
        case .kv: "KiB"
        }
    }

    /// A count in the fewest characters that are read as exactly it.
    fileprivate func exactText(_ count: Int) -> String {
        let texts = units.filter { $0.factor <= max(1000, count) }.compactMap { unit in
            let scaled = Double(count) / Double(unit.factor)
            let number = scaled == scaled.rounded() ? "\(Int(scaled))" : "\(scaled)"
            let isExact = (scaled * Double(unit.factor)).rounded() == Double(count)
            return isExact ? number + unit.name : nil
        }
        return texts.min { $0.count < $1.count } ?? "\(count)"
    }

    /// A count in three digits or so, rounded up: as a budget, it holds the count.
    package func roundText(_ count: Int) -> String {
        guard let unit = units.first(where: { $0.factor <= count && $0.factor > 1 }) else {
            return "\(count)"
        }
        let scaled = Double(count) / Double(unit.factor)
        let digits = scaled < 10 ? 100.0 : scaled < 100 ? 10 : 1
        let rounded = (scaled * digits).rounded(.up) / digits
        return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)") + unit.name
    }
}

extension Budget: CustomStringConvertible {
    /// The amount as a manifest has it; reading it gives the same amount.
    package var amountText: String {
        switch amount {
        case .share(let share): "\(share)"
        case .count(let count): measure.exactText(count)
        }
    }

    package var description: String { "\(measure.rawValue) \(amountText)" }
}
