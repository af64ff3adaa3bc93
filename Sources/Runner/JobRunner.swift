// One job from its description to its results: the stages in order, through the cache.

import Analysis
import Catalogue
import Checkpoint
import Compression
import Foundation
import JSON
package import Jobs
import Model
package import Report
package import Store
package import SystemPackage
import TensorMath
import Texts

/// Where a job finds its inputs and leaves its results.
package struct JobSetting {
    package var store: ContentStore
    package var modelRoots: [FilePath]
    package var dataRoots: [FilePath]
    /// An empty folder of this job's own.
    package var results: FilePath

    package init(
        store: ContentStore, modelRoots: [FilePath], dataRoots: [FilePath], results: FilePath
    ) {
        self.store = store
        self.modelRoots = modelRoots
        self.dataRoots = dataRoots
        self.results = results
    }
}

package final class JobRunner {
    private let job: JobDescription
    private let setting: JobSetting
    private let progress: ProgressReporter
    private let cache: StageCache
    private let numerics: Numerics
    private let data: RootResolver
    private let started = timestamp()
    private var similarities: [RunReport.Similarity] = []
    private var correlations: [RunReport.Correlation]?
    private var results: [RunReport.Result] = []

    /// Cached objects may turn out damaged while they are read; each try recomputes what was
    /// lost. More tries than this mean that the disk eats what it is given.
    private static let triesMax = 3

    package init(_ job: JobDescription, setting: JobSetting, progress: ProgressReporter) {
        self.job = job
        self.setting = setting
        self.progress = progress
        cache = StageCache(store: setting.store, progress: progress)
        numerics = Numerics(job.analysis.compute)
        data = RootResolver(kind: "data", roots: setting.dataRoots)
    }

    /// Runs all stages and writes everything but DONE into the results folder.
    package func run() throws -> RunReport {
        for _ in 1..<Self.triesMax {
            do { return try attempt() } catch let lost as StageInputLost {
                progress.note("\(lost.stage): `\(lost.role)` was damaged; computing it again")
                try restart()
            }
        }
        return try attempt()
    }

    private func restart() throws {
        cache.restart()
        progress.restart()
        similarities = []
        correlations = nil
        results = []
        for name in try FileManager.default.contentsOfDirectory(atPath: setting.results.string) {
            try FileManager.default.removeItem(
                atPath: setting.results.appending(name).string)
        }
    }

    private func attempt() throws -> RunReport {
        let place = try RootResolver(kind: "model", roots: setting.modelRoots).resolve(job.model)
        let original = try ModelStage(cache: cache, progress: progress).open(
            place.path, root: place.root)
        let tokenizer = try IdentifiedTokenizer(folder: place.path)
        let judged = Subject(
            model: original.model, identity: original.digest, label: RunReport.Similarity.original)
        let evaluation = EvaluationStage(
            cache: cache, progress: progress, numerics: numerics, data: data,
            tokenizer: tokenizer,
            encoder: PromptEncoder(tokenizer.tokenizer, folder: place.path), original: judged)
        try evaluation.check(job.evaluate)
        let analysis = try analyse(original, tokenizer)
        let baselines = try job.evaluate.map {
            try evaluation.run($0, on: judged, beside: nil)
        }
        for request in planRequests {
            try fold(
                request, original: original, analysis: analysis, evaluation: evaluation,
                baselines: baselines)
        }
        let report = try makeReport(original)
        try ResultFiles(folder: setting.results).write(report, job: job)
        return report
    }

    // MARK: Analysis

    /// What is known of the original's layers, and the tokens it was learnt from.
    private struct Analysis {
        let tokens: TokenisedSet
        /// By measure.
        let similarity: [String: IdentifiedSimilarity]
    }

    /// The measures the job needs: those it names, and what its methods insist on.
    private var measures: [String] {
        let names =
            [job.analysis.similarity] + (job.compare?.measures ?? [])
            + planRequests.compactMap(\.measure)
        return names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private func analyse(
        _ original: IdentifiedModel, _ tokenizer: IdentifiedTokenizer
    ) throws -> Analysis? {
        let stage = CalibrationStage(cache: cache, progress: progress, data: data)
        let tokens = try job.calibration.map { try stage.tokenise($0, tokenizer: tokenizer) }
        // All sets before the first forward pass: a missing file is told of at once.
        let sets = try (job.compare?.sets ?? []).map { set in
            SetComparison.NamedSet(
                name: set.name ?? set.path,
                tokens: try stage.tokenise(set, tokenizer: tokenizer))
        }
        var similarity: [String: IdentifiedSimilarity] = [:]
        if let tokens {
            for found in try analysis.measure(original, tokens: tokens, measures: measures) {
                let found = found.similarity
                similarity[found.measure] = found
                similarities.append(found.report(of: RunReport.Similarity.original))
                for warning in found.matrix.warnings { progress.warn(warning) }
            }
        }
        if let compare = job.compare {
            let outcome = try SetComparison(stages: analysis, compare: compare).run(
                original, sets: sets, calibration: similarity)
            similarities += outcome.similarities
            correlations = outcome.correlations
        }
        return tokens.map { Analysis(tokens: $0, similarity: similarity) }
    }

    private var analysis: AnalysisStages {
        AnalysisStages(
            cache: cache, progress: progress, numerics: numerics, analysis: job.analysis)
    }

    // MARK: Folds

    private var planRequests: [PlanRequest] {
        job.compress.flatMap { entry in
            entry.ratios.isEmpty
                ? [PlanRequest(entry, ratio: nil)]
                : entry.ratios.map { PlanRequest(entry, ratio: $0) }
        }
    }

    private func fold(
        _ request: PlanRequest, original: IdentifiedModel, analysis: Analysis?,
        evaluation: EvaluationStage, baselines: [Evaluated]
    ) throws {
        let measure = request.measure ?? job.analysis.similarity
        let needs = Planning(request)
        let measuring = MeasuringStages(cache: cache, progress: progress, numerics: numerics)
        let removals =
            needs.removals
            ? try measuring.removals(request, original, tokens: analysis?.tokens) : nil
        let searched = try measuring.found(
            request, removals, original, tokens: analysis?.tokens)
        let chosen = try PlanStage(cache: cache).make(
            request, model: original.model,
            similarity: needs.similarity ? analysis?.similarity[measure] : nil,
            removals: removals, searched: searched)
        let aligned = try AlignmentStage(cache: cache, progress: progress, numerics: numerics)
            .align(chosen, request, original, tokens: analysis?.tokens)
        let (plan, learning) = try LearningStage(
            cache: cache, progress: progress, numerics: numerics
        ).learn(aligned, request, original, tokens: analysis?.tokens)
        for note in plan.plan.notes { progress.warn("\(request.method): \(note)") }
        let id = uniqueID(request)
        let weights =
            needs.weights
            ? try measuring.weights(request, plan, original, tokens: analysis?.tokens)
            : searched?.weights
        if request.method == "fold", let weights {
            try measuring.compareWithRivals(
                request, plan, weights, original, tokens: analysis?.tokens, label: id)
        }
        let model = try FoldStage(cache: cache, progress: progress).write(
            plan, weights: weights, of: original, output: job.output,
            to: setting.results.appending(id), label: id)
        var after: [Int] = []
        if let analysis, model.model.blueprint.layers.count > 1 {
            let found = try FoldedSimilarityStage(
                cache: cache, progress: progress, numerics: numerics
            ).measure(
                measure, parameters: self.analysis.parameters(of: measure), model: model,
                tokens: analysis.tokens, representation: job.analysis.representation, label: id)
            after.append(similarities.count)
            similarities.append(found.report(of: id))
        }
        let judged = Subject(model: model.model, identity: model.identity, label: id)
        let names = EvaluationReport.names(job.evaluate)
        let evaluations = try job.evaluate.indices.flatMap { index -> [RunReport.Evaluation] in
            let baseline = baselines[index]
            let found = try evaluation.run(job.evaluate[index], on: judged, beside: baseline)
            return EvaluationReport.entries(
                task: names[index], figures: found.figures, original: baseline.figures)
        }
        let layers = original.model.blueprint.layers.count
        results.append(
            RunReport.Result(
                id: id, method: request.method, label: request.label, ratio: request.ratio ?? 0,
                ratioAchieved: Double(layers - plan.plan.layers.count) / Double(layers),
                path: id, layers: plan.plan.layers.count, parameters: model.parameters,
                bytes: model.bytes, plan: plan.plan.report, removedLayers: plan.plan.removed,
                similarityBefore: similarities.indices.filter {
                    similarities[$0].of == RunReport.Similarity.original
                        && similarities[$0].set == nil && similarities[$0].measure == measure
                }, similarityAfter: after, evaluations: evaluations, learning: learning,
                seconds: model.seconds,
                files: model.files))
    }

    /// `<method or label>-r<ratio>`, numbered where a job asks for the same twice.
    private func uniqueID(_ request: PlanRequest) -> String {
        let base = request.ratio.map { "\(request.name)-r\($0)" } ?? request.name
        let taken = Set(results.map(\.id))
        var id = base
        var number = 2
        while taken.contains(id) {
            id = "\(base)-\(number)"
            number += 1
        }
        return id
    }

    // MARK: Report

    private func makeReport(_ original: IdentifiedModel) throws -> RunReport {
        let model = original.model
        let format = try model.checkpoint.tensor(model.blueprint.embedding).dtype
        return RunReport(
            job: try JSONValueEncoder.value(of: job),
            model: RunReport.Model(
                name: original.name, digest: original.digest.hex,
                architecture: model.blueprint.modelType, layers: model.blueprint.layers.count,
                parameters: model.parameterCount, bytes: model.checkpoint.tensorByteCount,
                dtype: format.configName),
            stages: cache.records, similarity: similarities, correlations: correlations,
            results: results,
            warnings: progress.warnings, versions: Versions.current, numerics: numerics.report,
            started: started, finished: timestamp())
    }
}

extension FoldPlan {
    fileprivate var report: [RunReport.PlanEntry] {
        layers.map { layer in
            RunReport.PlanEntry(
                into: layer.into,
                from: layer.from.map { RunReport.Source(layer: $0.layer, weight: $0.weight) })
        }
    }
}
