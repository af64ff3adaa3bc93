// The entries of `quantize`, held against the model before anything long is computed.

import Catalogue
import Compression
import JSON
import Jobs
import Model
import Quantization
import Schemes

struct QuantizationRequest {
    let method: String
    /// Unique among the job's, a part of folders.
    let name: String
    let label: String?
    /// Whether the original is written in it, too.
    let takesOriginal: Bool
    let scheme: QuantizationScheme
    /// What is done by calibration tokens; nil where none are looked at.
    let recipe: QuantizationRecipe?
    /// For people.
    let notes: [String]

    /// - Throws: `QuantizationRefusal`, where a model of these widths cannot be written so;
    ///   `NarrowingError`, where one whose MLPs are narrower might not be.
    static func all(of job: JobDescription, _ original: Model) throws -> [QuantizationRequest] {
        let entries = job.quantize ?? []
        let weights = QuantizableWeights(original.blueprint)
        let narrows = job.candidates.contains(where: \.parameters.narrows)
        return try zip(entries, job.quantizationNames).map { entry, name in
            let method = QuantizationMethod.named(entry.method)
            let scheme = try method.scheme(of: weights, entry.parameters)
            // How wide they will be is not known yet.
            if narrows, let group = scheme.weights.group, !MLPWidths.step.isMultiple(of: group) {
                throw NarrowingError.group(group, entry: name)
            }
            return QuantizationRequest(
                method: entry.method, name: name, label: entry.label,
                takesOriginal: entry.original, scheme: scheme,
                recipe: method.recipe(scheme, entry.parameters),
                notes: notes(scheme, entry.parameters, weights).map { "\(name): \($0)" })
        }
    }

    private static func notes(
        _ scheme: QuantizationScheme, _ parameters: Parameters, _ weights: QuantizableWeights
    ) -> [String] {
        guard let group = scheme.weights.group else { return [] }
        let narrow = weights.tensors.first { $0.shape[1] % 128 != 0 }
        guard let narrow else { return [] }
        let reason = "\(quoted(narrow.name)) has \(narrow.shape[1]) columns"
        var notes: [String] = []
        if parameters["group"] == .text("auto") {
            notes.append(
                "groups of \(group), the largest of 128, 64 and 32 that divides every width: "
                    + reason)
        }
        notes.append(
            "the fast kernels of vLLM want widths that 128 divides, and \(reason): others load the "
                + "model all the same")
        return notes
    }
}
