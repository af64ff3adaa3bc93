// The models of a job once more, in fewer bits: each written, opened again and judged.

import Checkpoint
import Jobs
import Model
import Quantization
import Report
import Schemes
import SystemPackage

struct Quantizations {
    let requests: [QuantizationRequest]
    let original: IdentifiedModel
    let output: JobDescription.Output
    /// The job's results.
    let results: FilePath
    /// The job's calibration; nil where it has none.
    let tokens: TokenisedSet?
    let numerics: Numerics
    let judge: ModelJudge
    let cache: StageCache

    /// One model for each entry that asks for it, beside the source.
    ///
    /// - Parameters:
    ///   - isOriginal: whether the source is what the job started from.
    ///   - layersShare: what share of the parameters of the original's layers its layers have,
    ///     where they are narrower.
    func make(
        _ source: Subject, isOriginal: Bool = false, layersShare: Double? = nil
    ) throws -> [RunReport.Quantized] {
        try requests.filter { !isOriginal || $0.takesOriginal }.map {
            try make($0, of: source, layersShare)
        }
    }

    private func make(
        _ request: QuantizationRequest, of source: Subject, _ layersShare: Double?
    ) throws -> RunReport.Quantized {
        let id = "\(source.label)-\(request.name)"
        let codes = try codes(request, of: source, label: id)
        let model = try cache.run(
            try QuantizeStage(
                source, request.scheme, codes: codes, output: output,
                to: results.appending(id), label: id))
        cache.watch(model.model.checkpoint)
        let (figures, answers) = try judge.judge(
            Subject(model: model.model, identity: model.identity, label: id))
        let scheme = request.scheme
        let layers = source.model.blueprint.layers.count
        let parameters = source.model.parameterCount
        let before = try original.model.checkpoint.tensor(original.model.blueprint.embedding)
        return RunReport.Quantized(
            id: id, of: source.label, method: request.method, label: request.label,
            scheme: scheme.name, format: scheme.format, bits: scheme.weights.bits,
            group: scheme.weights.group, path: id, layers: layers, parameters: parameters,
            bytes: model.bytes,
            compressionRatio: RunReport.Quantized.compressionRatio(
                layers: original.model.blueprint.layers.count, left: layers,
                share: layersShare, bitsBefore: before.dtype.bitWidth, bits: scheme.weights.bits),
            evaluations: figures, answers: answers.isEmpty ? nil : answers,
            seconds: (codes?.seconds ?? 0) + model.seconds, files: model.files)
    }

    /// What calibration tokens make of the weights; nil where each is rounded by itself.
    private func codes(
        _ request: QuantizationRequest, of source: Subject, label: String
    ) throws -> IdentifiedCodes? {
        guard let recipe = request.recipe else { return nil }
        guard let tokens else {
            preconditionFailure("the manifest parser asks for calibration: \(request.method)")
        }
        let stage = CodesStage(
            source, tokens, recipe, space: cache.store.streamSpace, numerics: numerics,
            label: label)
        if let doubt = stage.doubt { cache.progress.warn("\(label): \(doubt)") }
        let codes = try cache.run(stage)
        for note in codes.notes { cache.progress.warn("\(label): \(note)") }
        return codes
    }
}
