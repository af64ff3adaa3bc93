// Calibration sets: the job's own, those of `compare`, and the parts of a mixture.

import Catalogue

extension ManifestParser {
    /// Where a set stands, which decides what it is told besides.
    enum CalibrationPlace {
        case own
        /// A set of `compare`; its name is read already.
        case compared(name: String)
        case part

        fileprivate var keys: [String] {
            switch self {
            case .own: []
            case .compared: ["name"]
            case .part: ["share"]
            }
        }

        fileprivate var name: String? {
            if case .compared(let name) = self { name } else { nil }
        }
    }

    func calibration(
        _ field: Field, as place: CalibrationPlace
    ) throws -> JobDescription.Calibration {
        let map = try FieldMap(field, "a mapping with `dataset`")
        let offered = datasets(at: place)
        let name = try map.required("dataset", hint: "add `dataset: \(Self.words(offered))`")
            .choice(of: offered.map(\.name), called: "data set")
        guard let dataset = Offer.dataset(name) else { preconditionFailure("a name of the list") }
        let isMixture = dataset.source == .parts
        let common = try parameters(
            dataset.common, of: map,
            besides: ["dataset"] + place.keys + (isMixture ? ["parts"] : []),
            allowing: dataset.parameters, in: "calibration with data set \(name)")
        let path = dataset.readsPath ? common.text("path") : nil
        if let path, Offer.isBuiltIn(path), dataset.source == .folder {
            throw (map["path"] ?? map.field).error(
                "data set `\(name)` reads a folder, and this is a built-in text",
                hint: "take `dataset: jsonl` with it, or name a folder")
        }
        return JobDescription.Calibration(
            name: place.name, dataset: name, share: try share(map, place), path: path,
            maxTokens: common.integer("max_tokens"), seed: common.integer("seed"),
            parameters: try values(of: dataset.parameters, in: map),
            parts: isMixture ? try parts(map) : [])
    }

    /// A mixture has no mixtures in it.
    private func datasets(at place: CalibrationPlace) -> [DatasetDeclaration] {
        guard case .part = place else { return Offer.datasets }
        return Offer.datasets.filter { $0.source != .parts }
    }

    private func share(_ map: FieldMap, _ place: CalibrationPlace) throws -> Double? {
        guard case .part = place else { return nil }
        return try map.required("share", hint: "add `share: 0.5`, its part of the tokens")
            .number(in: 1e-6...1)
    }

    private func parts(_ map: FieldMap) throws -> [JobDescription.Calibration] {
        let field = try map.required(
            "parts", hint: "add `parts:` with a list of sets, each with its `share`")
        let items = try field.list("a list of sets", countMax: ManifestLimits.setsMax)
        let parts = try items.map { try calibration($0, as: .part) }
        let sum = parts.reduce(0) { $0 + ($1.share ?? 0) }
        guard abs(sum - 1) < 1e-6 else {
            throw field.error(
                "the shares of a mixture are parts of one, and these make \(sum)",
                hint: "write shares such as 0.5, 0.3 and 0.2")
        }
        return parts
    }
}
