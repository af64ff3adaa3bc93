// Metrics as values, and as the text that Prometheus reads (exposition format 0.0.4). Pure.

/// All samples of one name.
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package struct Label: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Sample: Sendable, Equatable {
        /// Behind the family's name: `_bucket`, `_sum`, `_count` of a histogram.
        package var suffix = ""
        package var labels: [Label] = []
        package var value: Double
    }

    package let name: String
    package let kind: Kind
    package let help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// One figure without labels.
    package static func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
        MetricFamily(name, .gauge, help, [Sample(value: value)])
    }

    /// A figure for each value of one label, in this order.
    package static func gauge(
        _ name: String, _ help: String, by label: String, _ values: [(String, Double)]
    ) -> MetricFamily {
        MetricFamily(
            name, .gauge, help,
            values.map { Sample(labels: [Label(label, $0.0)], value: $0.1) })
    }
}

package enum PrometheusText {
    package static let type = "text/plain; version=0.0.4; charset=utf-8"

    /// Families without samples are left out.
    package static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escaped(family.help, quote: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text +=
                    "\(family.name)\(sample.suffix)\(labels(sample.labels)) "
                    + "\(number(sample.value))\n"
            }
        }
        return text
    }

    private static func labels(_ labels: [MetricFamily.Label]) -> String {
        if labels.isEmpty { return "" }
        let parts = labels.map { "\($0.name)=\"\(escaped($0.value, quote: true))\"" }
        return "{\(parts.joined(separator: ","))}"
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// As short as it is exact.
    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        guard value.rounded() == value, abs(value) < 0x1p53 else { return "\(value)" }
        return "\(Int(value))"
    }
}
