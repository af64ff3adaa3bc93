// The description's JSON is flat like the manifest: parameters stand beside `method` or `task`.

import Catalogue

private struct DeclaredKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) {
        stringValue = name
    }

    init?(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}

extension KeyedEncodingContainer where K == DeclaredKey {
    fileprivate mutating func encode(_ parameters: Parameters) throws {
        for (name, value) in parameters.values.sorted(by: { $0.key < $1.key }) {
            try encode(value, forKey: DeclaredKey(name))
        }
    }

    /// A share as a number, an amount as its text, as a manifest has them.
    fileprivate mutating func encode(_ budget: Budget) throws {
        let key = DeclaredKey(budget.measure.rawValue)
        switch budget.amount {
        case .share(let share): try encode(share, forKey: key)
        case .count: try encode(budget.amountText, forKey: key)
        }
    }
}

extension KeyedDecodingContainer where K == DeclaredKey {
    /// Every key but `fixed`, typed and completed as `declarations` say. An entry that this build
    /// does not know (a newer build wrote it) keeps its values as they are.
    fileprivate func parameters(
        besides fixed: [String], declared declarations: [ParameterDeclaration]
    ) throws -> Parameters {
        var parameters = Parameters()
        for key in allKeys where !fixed.contains(key.stringValue) {
            parameters[key.stringValue] = try decode(ParameterValue.self, forKey: key)
        }
        return parameters.completed(with: declarations)
    }

    /// nil where there is none.
    fileprivate func budget() throws -> Budget? {
        for measure in Budget.Measure.allCases {
            let key = DeclaredKey(measure.rawValue)
            guard contains(key) else { continue }
            let text =
                try (try? decode(Double.self, forKey: key)).map { "\($0)" }
                ?? decode(String.self, forKey: key)
            do { return try Budget(measure, text) } catch {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: self, debugDescription: error.problem)
            }
        }
        return nil
    }
}

extension JobDescription.Calibration: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        name = try container.decodeIfPresent(String.self, forKey: DeclaredKey("name"))
        dataset = try container.decode(String.self, forKey: DeclaredKey("dataset"))
        share = try container.decodeIfPresent(Double.self, forKey: DeclaredKey("share"))
        path = try container.decodeIfPresent(String.self, forKey: DeclaredKey("path"))
        parts =
            try container.decodeIfPresent(
                [JobDescription.Calibration].self, forKey: DeclaredKey("parts")) ?? []
        maxTokens = try container.decode(Int.self, forKey: DeclaredKey("max_tokens"))
        seed = try container.decode(Int.self, forKey: DeclaredKey("seed"))
        parameters = try container.parameters(
            besides: ["name", "dataset", "share", "path", "parts", "max_tokens", "seed"],
            declared: Offer.dataset(dataset)?.parameters ?? [])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        try container.encodeIfPresent(name, forKey: DeclaredKey("name"))
        try container.encode(dataset, forKey: DeclaredKey("dataset"))
        try container.encodeIfPresent(share, forKey: DeclaredKey("share"))
        try container.encodeIfPresent(path, forKey: DeclaredKey("path"))
        if !parts.isEmpty { try container.encode(parts, forKey: DeclaredKey("parts")) }
        try container.encode(maxTokens, forKey: DeclaredKey("max_tokens"))
        try container.encode(seed, forKey: DeclaredKey("seed"))
        try container.encode(parameters)
    }
}

extension JobDescription.Analysis: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        similarity = try container.decode(String.self, forKey: DeclaredKey("similarity"))
        representation = try container.decode(String.self, forKey: DeclaredKey("representation"))
        compute = try container.decode(
            JobDescription.ComputeChoice.self, forKey: DeclaredKey("compute"))
        parameters = try container.parameters(
            besides: ["similarity", "representation", "compute"],
            declared: Offer.similarity(similarity)?.parameters ?? [])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        try container.encode(similarity, forKey: DeclaredKey("similarity"))
        try container.encode(representation, forKey: DeclaredKey("representation"))
        try container.encode(compute, forKey: DeclaredKey("compute"))
        try container.encode(parameters)
    }
}

extension JobDescription.Comparison: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        measures =
            try container.decodeIfPresent([String].self, forKey: DeclaredKey("measures")) ?? []
        sets =
            try container.decodeIfPresent(
                [JobDescription.Calibration].self, forKey: DeclaredKey("sets")) ?? []
        parameters = try container.parameters(
            besides: ["measures", "sets"], declared: sets.isEmpty ? [] : Offer.compareSets)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        if !measures.isEmpty { try container.encode(measures, forKey: DeclaredKey("measures")) }
        if !sets.isEmpty { try container.encode(sets, forKey: DeclaredKey("sets")) }
        try container.encode(parameters)
    }
}

extension JobDescription.Compression: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        method = try container.decode(String.self, forKey: DeclaredKey("method"))
        ratios = try container.decodeIfPresent([Double].self, forKey: DeclaredKey("ratios")) ?? []
        budget = try container.budget()
        parameters = try container.parameters(
            besides: ["method", "ratios", "label"] + Budget.Measure.allCases.map(\.rawValue),
            declared: Offer.method(method)?.parameters ?? [])
        label = try container.decodeIfPresent(String.self, forKey: DeclaredKey("label"))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        try container.encode(method, forKey: DeclaredKey("method"))
        if !ratios.isEmpty { try container.encode(ratios, forKey: DeclaredKey("ratios")) }
        if let budget { try container.encode(budget) }
        try container.encodeIfPresent(label, forKey: DeclaredKey("label"))
        try container.encode(parameters)
    }
}

extension JobDescription.Quantization: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        method = try container.decode(String.self, forKey: DeclaredKey("method"))
        original = try container.decode(Bool.self, forKey: DeclaredKey("original"))
        label = try container.decodeIfPresent(String.self, forKey: DeclaredKey("label"))
        parameters = try container.parameters(
            besides: ["method", "original", "label"],
            declared: Offer.quantization(method)?.parameters ?? [])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        try container.encode(method, forKey: DeclaredKey("method"))
        try container.encode(original, forKey: DeclaredKey("original"))
        try container.encodeIfPresent(label, forKey: DeclaredKey("label"))
        try container.encode(parameters)
    }
}

extension JobDescription.Evaluation: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        task = try container.decode(String.self, forKey: DeclaredKey("task"))
        parameters = try container.parameters(
            besides: ["task"], declared: Offer.task(task)?.parameters ?? [])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        try container.encode(task, forKey: DeclaredKey("task"))
        try container.encode(parameters)
    }
}

extension JobDescription.Export: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DeclaredKey.self)
        format = try container.decode(String.self, forKey: DeclaredKey("format"))
        parameters = try container.parameters(
            besides: ["format"], declared: Offer.export(format)?.parameters ?? [])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DeclaredKey.self)
        try container.encode(format, forKey: DeclaredKey("format"))
        try container.encode(parameters)
    }
}
