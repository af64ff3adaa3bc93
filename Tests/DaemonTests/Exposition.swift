// Prometheus' text format, read by a parser that knows nothing of the writer.

/// A reader of the text format 0.0.4, as strict as its description.
struct Exposition {
    struct Fault: Error, CustomStringConvertible { let description: String }

    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var helps: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(description: "no end of the last line") }
        var family = ""
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") {
                let words = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard words.count == 2 else { throw Fault(description: "\(line)") }
                let name = String(words[0])
                if line.hasPrefix("# HELP ") {
                    guard helps.updateValue(String(words[1]), forKey: name) == nil else {
                        throw Fault(description: "\(name) comes twice")
                    }
                    family = name
                } else {
                    guard name == family, types.updateValue(String(words[1]), forKey: name) == nil
                    else { throw Fault(description: "\(name) has its type elsewhere") }
                }
                continue
            }
            let sample = try Self.sample(line)
            var names: Set<String> = [family]
            if types[family] == "histogram" {
                names = [family + "_bucket", family + "_sum", family + "_count"]
            }
            guard names.contains(sample.name), types[family] != nil else {
                throw Fault(description: "\(line) stands outside its family")
            }
            samples.append(sample)
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        let name = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        guard let first = name.first, !first.isNumber else { throw Fault(description: "\(line)") }
        var rest = line.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let key = rest.prefix { $0.isASCII && ($0.isLetter || $0 == "_") }
                rest = rest.dropFirst(key.count)
                guard !key.isEmpty, rest.hasPrefix("=\"") else {
                    throw Fault(description: "\(line)")
                }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    case "n": value.append("\n")
                    default: throw Fault(description: "\(line): an escape")
                    }
                }
                guard labels.updateValue(value, forKey: String(key)) == nil else {
                    throw Fault(description: "\(line): a label comes twice")
                }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { throw Fault(description: "\(line)") }
        let word = rest.dropFirst()
        let value: Double? =
            switch word {
            case "+Inf": .infinity
            case "-Inf": -.infinity
            case "NaN": .nan
            default: Double(word)
            }
        guard let value else { throw Fault(description: "\(line): no number") }
        return Sample(name: String(name), labels: labels, value: value)
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }
}
