// The section `compare`: more measures, and more calibration sets, for the report alone.

import Catalogue

extension ManifestParser {
    /// - Parameters:
    ///   - similarity: the measure of `analysis`, which is compared anyway.
    ///   - hasCalibration: whether the manifest has a calibration set for `measures`.
    func comparison(
        _ field: Field, beside similarity: String, hasCalibration: Bool
    ) throws -> JobDescription.Comparison {
        let map = try FieldMap(field, "a mapping with `measures`, `sets` or both")
        let known = ["measures", "sets"]
        try map.refuseUnknown(
            besides: known + Offer.compareSets.map(\.name), in: "compare")
        guard map["measures"] != nil || map["sets"] != nil else {
            throw field.error(
                "there is nothing to compare",
                hint: "add `measures: [cosine, cka]`, or `sets:` with a list of calibration sets")
        }
        if map["sets"] == nil, !hasCalibration {
            throw field.error(
                "the key `calibration` is missing: `measures` are compared on it",
                hint: "add `calibration:` with `dataset:` and `path:`")
        }
        guard let sets = map["sets"] else {
            for declaration in Offer.compareSets {
                guard let field = map[declaration.name] else { continue }
                throw field.error(
                    "`\(declaration.name)` has no meaning here",
                    hint: "it is used only with `sets`")
            }
            return JobDescription.Comparison(
                measures: try measures(map["measures"], beside: similarity), sets: [],
                parameters: Parameters())
        }
        return JobDescription.Comparison(
            measures: try measures(map["measures"], beside: similarity),
            sets: try self.sets(sets),
            parameters: try parameters(Offer.compareSets, of: map, besides: known, in: "compare"))
    }

    private func measures(_ field: Field?, beside similarity: String) throws -> [String] {
        guard let field else { return [] }
        let names = Offer.similarities.map(\.name)
        let items = try field.list("a list of measures", countMax: names.count)
        guard !items.isEmpty else {
            throw field.error("the list is empty", hint: "write `measures: [cosine, cka]`")
        }
        var measures: [String] = []
        for item in items {
            let measure = try item.choice(of: names, called: "similarity measure")
            guard measure != similarity else {
                throw item.error(
                    "`\(measure)` is the similarity of `analysis`, which is compared anyway",
                    hint: "remove it here")
            }
            guard !measures.contains(measure) else {
                throw item.error(
                    "the measure `\(measure)` is written twice", hint: "remove one of them")
            }
            measures.append(measure)
        }
        return measures
    }

    private func sets(_ field: Field) throws -> [JobDescription.Calibration] {
        let items = try field.list(
            "a list of calibration sets", countMax: ManifestLimits.setsMax)
        guard !items.isEmpty else {
            throw field.error(
                "the list is empty", hint: "add `- name: NAME` with `dataset:` and `path:`")
        }
        var names: Set<String> = []
        return try items.map { item in
            let map = try FieldMap(item, "a mapping with `name`, `dataset` and `path`")
            let field = try map.required("name", hint: "add `name: NAME`, its name in the report")
            let name = try field.text(JobName.rule)
            guard JobName.isValid(name) else {
                throw field.error("not a name", expected: JobName.rule, found: field.node.found)
            }
            guard names.insert(name).inserted else {
                throw field.error(
                    "two sets are called `\(name)`", hint: "give each a name of its own")
            }
            return try calibration(item, as: .compared(name: name))
        }
    }
}
