// The section `quantize`: in which other numbers every model of the job is written once more.

import Catalogue

extension ManifestParser {
    func quantizations(
        _ field: Field, hasCalibration: Bool
    ) throws -> [JobDescription.Quantization] {
        let items = try field.list(
            "a list of ways to quantise", countMax: ManifestLimits.entriesMax)
        guard !items.isEmpty else {
            throw field.error("the list is empty", hint: "add `- method: rtn`")
        }
        var seen: Set<JobDescription.Quantization.Identity> = []
        return try items.map { item in
            let entry = try quantization(item)
            if !hasCalibration, Offer.quantization(entry.method)?.needsCalibration == true {
                throw item.error(
                    "the key `calibration` is missing: `\(entry.method)` needs it",
                    hint: "add `calibration:` with `dataset:` and `path:`")
            }
            guard seen.insert(entry.identity).inserted else {
                throw item.error(
                    "`\(entry.method)` is asked for twice with the same parameters",
                    hint: "remove one of them")
            }
            return entry
        }
    }

    private func quantization(_ field: Field) throws -> JobDescription.Quantization {
        let map = try FieldMap(field, "a mapping with `method`")
        let name = try map.required(
            "method", hint: "add `method: \(Self.words(Offer.quantizations))`"
        ).choice(of: Offer.quantizations.map(\.name), called: "method of quantisation")
        let declared = Offer.quantization(name)?.parameters ?? []
        let values = try parameters(
            Offer.quantize + declared, of: map, besides: ["method", "label"],
            in: "quantize with method \(name)")
        let own = Parameters(
            values.values.filter { key, _ in declared.contains { $0.name == key } })
        return JobDescription.Quantization(
            method: name, original: values.flag("original"), parameters: own,
            label: try label(map["label"]))
    }
}
