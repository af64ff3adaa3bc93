// The form's fields as a manifest: what a person could have written, without what is left at its
// default. Whether it makes sense is the parser's to say, at the line.

import Catalogue
import Jobs

package enum SubmitManifest {
    package static func text(of fields: SubmitFields) -> String {
        var lines = ["version: 1"]
        let method = fields["method"]
        let name =
            fields["name"].isEmpty
            ? StarterManifest.name(of: fields["model"], method: method.isEmpty ? "job" : method)
            : fields["name"]
        lines.append("name: \(YAMLScalar.text(name))")
        lines.append("model: \(YAMLScalar.text(fields["model"]))")
        if !fields["priority"].isEmpty {
            lines.append("priority: \(YAMLScalar.number(fields["priority"]))")
        }
        lines += calibration(fields) + analysis(fields)
        lines += list("compress", key: "method", SubmitOffer.methods, "method", fields)
        lines += list("quantize", key: "method", SubmitOffer.quantizations, "quantize", fields)
        lines += list("evaluate", key: "task", SubmitOffer.tasks, "task", fields)
        lines += list("export", key: "format", SubmitOffer.exports, "export", fields)
        let output = parameters(Offer.output, "o", fields)
        if !output.isEmpty { lines += ["output:"] + output.map { "  " + $0 } }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func calibration(_ fields: SubmitFields) -> [String] {
        guard let group = SubmitOffer.datasets.first(where: { $0.name == fields["dataset"] })
        else { return [] }
        return ["calibration:", "  dataset: \(group.name)"]
            + parameters(group.parameters, group.prefix, fields).map { "  " + $0 }
    }

    private static func analysis(_ fields: SubmitFields) -> [String] {
        var lines: [String] = []
        for name in ["similarity", "representation", "compute"] where !fields[name].isEmpty {
            lines.append("  \(name): \(YAMLScalar.text(fields[name]))")
        }
        let measure = fields["similarity"].isEmpty ? Offer.defaultSimilarity : fields["similarity"]
        if let group = SubmitOffer.measures.first(where: { $0.name == measure }) {
            lines += parameters(group.parameters, group.prefix, fields).map { "  " + $0 }
        }
        return lines.isEmpty ? [] : ["analysis:"] + lines
    }

    /// The chosen ones of some groups as a list.
    private static func list(
        _ section: String, key: String, _ groups: [ParameterGroup], _ chooser: String,
        _ fields: SubmitFields
    ) -> [String] {
        let chosen = groups.filter { fields.has(chooser, $0.name) }
        guard !chosen.isEmpty else { return [] }
        return ["\(section):"]
            + chosen.flatMap { group in
                ["  - \(key): \(group.name)"]
                    + ((chooser == "method" ? amount(group.name, fields) : [])
                    + parameters(group.parameters, group.prefix, fields)).map { "    " + $0 }
            }
    }

    /// How much goes.
    private static func amount(_ method: String, _ fields: SubmitFields) -> [String] {
        let value = fields["amount_value"]
        guard Offer.method(method)?.takesRatios == true, !value.isEmpty else { return [] }
        if let measure = Budget.Measure(rawValue: fields["amount"]) {
            return ["\(measure.rawValue): \(YAMLScalar.amount(value))"]
        }
        return ["ratios: [\(items(value))]"]
    }

    private static func parameters(
        _ declarations: [ParameterDeclaration], _ prefix: String, _ fields: SubmitFields
    ) -> [String] {
        declarations.compactMap { declaration in
            let value = fields["\(prefix).\(declaration.name)"]
            guard !value.isEmpty else { return nil }
            return "\(declaration.name): \(scalar(value, declaration.kind))"
        }
    }

    private static func scalar(_ value: String, _ kind: ParameterKind) -> String {
        switch kind {
        case .number, .numberOrWord, .integer, .oneOf, .integerOrWord: YAMLScalar.number(value)
        case .flag: YAMLScalar.flag(value)
        case .integers: "[\(items(value))]"
        case .choice, .text, .path, .textPath: YAMLScalar.text(value)
        }
    }

    /// A list of numbers as people write it: by commas or blanks, in brackets or not.
    private static func items(_ text: String) -> String {
        text.split { $0 == "," || $0.isWhitespace || $0 == "[" || $0 == "]" }
            .map { YAMLScalar.number(String($0)) }.joined(separator: ", ")
    }
}
