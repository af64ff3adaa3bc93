// One job from its description to its results: the stages in order, through the cache.

import Analysis
import Catalogue
import Checkpoint
import Compression
import Evaluation
import Export
import Failures
import Foundation
import JSON
package import Jobs
package import Locations
import Model
package import Report
package import Store
package import SystemPackage
import TensorMath
import Texts

/// Where a job finds its inputs and leaves its results.
package struct JobSetting {
    package var store: ContentStore
    package var models: ModelLocator
    package var data: PathScope
    /// An empty folder of this job's own.
    package var results: FilePath
    /// The folder of store and index, which knows how fast this machine is; nil: nobody does.
    package var state: FilePath?
    /// Where `run` leaves its forecast, for whoever compares it with what happened; nil: nowhere.
    package var plan: FilePath?
    /// Whether stages wait for another job that computes the same. The queue of a cluster may
    /// suspend a unit for hours, with the turn that others wait for.
    package var takesTurns: Bool

    package init(
        store: ContentStore, models: ModelLocator, data: PathScope, results: FilePath,
        state: FilePath? = nil, plan: FilePath? = nil, takesTurns: Bool = true
    ) {
        self.store = store
        self.models = models
        self.data = data
        self.results = results
        self.state = state
        self.plan = plan
        self.takesTurns = takesTurns
    }
}

package final class JobRunner {
    private let job: JobDescription
    private let setting: JobSetting
    private let progress: ProgressReporter
    private let cache: StageCache
    private let numerics: Numerics
    private let rates: RateFile?
    private let started = timestamp()
    private let scope: UnitScope
    /// What the report says besides what the job itself finds to say.
    package var remarks: [String] = []

    /// Cached objects may turn out damaged while they are read; each try recomputes what was
    /// lost. More tries than this mean that the disk eats what it is given.
    private static let triesMax = 3

    /// - Parameter scope: how much of the job is done. Default: all of it.
    package init(
        _ job: JobDescription, setting: JobSetting, progress: ProgressReporter,
        scope: UnitScope = .whole
    ) {
        self.job = job
        self.scope = scope
        self.setting = setting
        self.progress = progress
        let numerics = Numerics(job.analysis.compute)
        let rates = setting.state.map { RateFile(state: $0, numerics) }
        self.numerics = numerics
        self.rates = rates
        cache = StageCache(
            store: setting.store, progress: progress, rates: rates,
            takesTurns: setting.takesTurns)
    }

    /// Runs all stages and writes everything but DONE into the results folder.
    package func run() throws -> RunReport {
        try retrying {
            try clearResults()
            return try attempt()
        }
    }

    /// Runs the stages for what they leave in the cache. Models that stages behind them read are
    /// written, and gone when this returns.
    package func fillCache() throws {
        try retrying {
            try clearResults()
            let prepared = try prepare()
            try announce(prepared)
            _ = try carryOut(prepared, cache)
            try cache.verifyInputs()
        }
        try clearResults()
    }

    /// Runs `work`, and again where the cache lost something under it.
    func retrying<Value>(_ work: () throws -> Value) throws -> Value {
        for _ in 1..<Self.triesMax {
            do {
                return try work()
            } catch let lost as StageInputLost {
                progress.note("\(lost.stage): `\(lost.role)` was damaged; computing it again")
            } catch StoreError.outputMissing(let stage, let role, _) {
                // A collector, or a person, took it between its writing and its recording.
                progress.note("\(stage): `\(role)` was taken away; computing it again")
            }
            cache.restart()
            progress.restart()
        }
        return try work()
    }

    /// Of what an earlier try left.
    private func clearResults() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: setting.results.string) {
            try FileManager.default.removeItem(
                atPath: setting.results.appending(name).string)
        }
    }

    private func attempt() throws -> RunReport {
        for remark in remarks { progress.warn(remark) }
        let prepared = try prepare()
        try announce(prepared)
        let outcome = try carryOut(prepared, cache)
        let report = try makeReport(prepared.original, outcome)
        // A job may end with what came from the cache.
        try cache.verifyInputs()
        try ResultFiles(folder: setting.results).write(report, job: job)
        return report
    }

    // MARK: Planning

    /// What `run` would take. Only what every prediction needs is computed, and kept: the model's
    /// digest, tokens and questions.
    package func forecast() throws -> JobForecast {
        try retrying { try forecast(try prepare()) }
    }

    private func forecast(_ prepared: Prepared) throws -> JobForecast {
        // Without it the forecast rests on a guess.
        if let rates { try? MachineSpeed.measureOnce(rates, numerics) }
        let planning = Planning(after: cache.records)
        let silent = ProgressReporter(listener: { _ in }, stop: progress.checkpoint)
        _ = try carryOut(
            prepared, StageCache(planning, store: setting.store, progress: silent))
        return JobForecast(
            planning.stages, rates: rates?.rates ?? Rates(), memory: MemoryLimit.current(),
            room: JobRoom(
                state: setting.state.flatMap(JobRoom.Place.init),
                results: JobRoom.Place(setting.results)))
    }

    /// Tells what the job will take. It runs without that, too.
    private func announce(_ prepared: Prepared) throws {
        do {
            let forecast = try forecast(prepared)
            progress.note(forecast.summary)
            for obstacle in forecast.obstacles { progress.note(obstacle) }
            progress.expect(
                TimeLeft(forecast.stages.map { (name: $0.name, seconds: $0.seconds) }))
            if let path = setting.plan {
                let text = String(decoding: try JobJSON.encode(forecast), as: UTF8.self)
                try DurableText.write(text, to: path)
            }
        } catch let stopped as JobStopped {
            throw stopped
        } catch {
            progress.note("what the job takes cannot be told: \(FaultText.describe(error))")
        }
    }

    // MARK: The stages

    /// What all else needs; cheap beside that.
    private struct Prepared {
        let original: IdentifiedModel
        /// nil for a job that reads no text.
        let tokenizer: IdentifiedTokenizer?
        /// nil where the job has no calibration.
        let calibration: CalibrationOrigin?
        /// Of `compare`.
        let sets: [(name: String, origin: CalibrationOrigin)]
        let quantizations: [QuantizationRequest]
    }

    /// What the stages of a job gave.
    private struct Outcome {
        let analysed: Analysed
        let made: [RunReport.Result]
        let quantized: [RunReport.Quantized]
        /// Of the original.
        let exports: [RunReport.Export]?
    }

    private func prepare() throws -> Prepared {
        let located = try setting.models.locate(job.model)
        let original = try IdentifiedModel(located, results: setting.results, cache)
        // What no plan can meet is told now, not behind hours of analysis.
        for candidate in job.candidates {
            _ = try LayerBudget(candidate, of: original.model, output: job.output)
            guard let ratio = candidate.ratio, Offer.method(candidate.method)?.removesLayers == true
            else { continue }
            _ = try layersRemoved(ratio: ratio, of: original.model.blueprint.layers.count)
        }
        let quantizations = try QuantizationRequest.all(of: job, original.model)
        for note in quantizations.flatMap(\.notes) { progress.warn(note) }
        for entry in job.export ?? [] {
            _ = try GGUFExport(original.model, type: entry.exportType, name: original.name)
        }
        // A job that reads no text needs no tokenizer that can be read.
        let tokenizer =
            try job.readsText ? IdentifiedTokenizer(original.model.checkpoint.sideFiles) : nil
        if let tokenizer { cache.beforeKeeping { try tokenizer.expectUnchanged() } }
        try evaluations(original, tokenizer, cache)?.check(job.evaluate)
        for text in job.textsOfBoth(setting.data) {
            progress.warn(
                "\(text): the job is calibrated on the same text, so that this figure flatters; "
                    + "give one of them another")
        }
        let reader = tokenizer.map {
            CalibrationReader(
                original: original, tokenizer: $0, data: setting.data, numerics: numerics,
                cache: cache)
        }
        // All sets before the first forward pass: a missing file is told of at once.
        return Prepared(
            original: original, tokenizer: tokenizer,
            calibration: try job.calibration.flatMap { try reader?.origin($0) },
            sets: try (job.compare?.sets ?? []).compactMap { set in
                try reader.map { (name: set.title, origin: try $0.origin(set)) }
            }, quantizations: quantizations)
    }

    /// nil for a job that reads no text.
    private func evaluations(
        _ original: IdentifiedModel, _ tokenizer: IdentifiedTokenizer?, _ cache: StageCache
    ) -> Evaluations? {
        tokenizer.map {
            Evaluations(
                cache: cache, numerics: numerics, data: setting.data, tokenizer: $0,
                original: Subject(original))
        }
    }

    private func carryOut(
        _ prepared: Prepared, _ cache: StageCache
    ) throws -> Outcome {
        let original = prepared.original
        let evaluations = evaluations(original, prepared.tokenizer, cache)
        let analysis = AnalysisStages(cache: cache, numerics: numerics, analysis: job.analysis)
        let analysed = try analyse(prepared, analysis)
        let baselines = try job.evaluate.compactMap {
            try evaluations?.run($0, on: Subject(original), beside: nil)
        }
        if scope == .shared {
            return Outcome(analysed: analysed, made: [], quantized: [], exports: nil)
        }
        let judge = ModelJudge(
            job: job, evaluations: evaluations, baselines: baselines, progress: cache.progress)
        var maker = ResultMaker(
            job: job, cache: cache, numerics: numerics, results: setting.results,
            analysis: analysis, judge: judge,
            quantizations: Quantizations(
                requests: prepared.quantizations, original: original, output: job.output,
                results: setting.results, tokens: analysed.tokens, numerics: numerics, judge: judge,
                cache: cache),
            original: original, analysed: analysed)
        let models = DistinctModels(
            try job.candidates.map { try maker.resolved($0) },
            of: original.model.blueprint.layers.count)
        for note in models.notes { cache.progress.warn(note) }
        if let reason = LibraryEnvironment.fallback {
            cache.progress.warn("computed with AVX2 kernels, because of \(reason)")
        }
        try maker.quantiseOriginal()
        for candidate in models.candidates { try maker.make(PlanRequest(candidate)) }
        let exports = try job.export?.filter(\.includesOriginal).write(
            original.model, identity: original.digest, label: JobName.original, name: original.name,
            to: setting.results, cache)
        return Outcome(
            analysed: maker.analysed, made: maker.made, quantized: maker.quantized,
            exports: exports.flatMap { $0.isEmpty ? nil : $0 })
    }

    // MARK: Analysis

    /// The measures the job needs: those it names, and what its methods insist on.
    private var measures: [String] {
        let names =
            [job.analysis.similarity] + (job.compare?.measures ?? [])
            + job.candidates.compactMap { PlanRequest($0).measure }
        return names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Those that decide something, or that the job compares: of others the report shows the map,
    /// and its doubts beside it, but nobody has to hear them first.
    private var measuresInUse: Set<String> { needed.union(job.compare?.measures ?? []) }

    /// The measures that a method plans by.
    private var needed: Set<String> {
        Set(
            job.candidates.map(PlanRequest.init).filter(\.requirements.similarity)
                .map { $0.measure ?? job.analysis.similarity })
    }

    private func analyse(_ prepared: Prepared, _ analysis: AnalysisStages) throws -> Analysed {
        let tokens = try prepared.calibration?.tokens(analysis.cache)
        let sets = try prepared.sets.map {
            SetComparison.NamedSet(name: $0.name, tokens: try $0.origin.tokens(analysis.cache))
        }
        var analysed = Analysed(tokens: tokens)
        if let tokens {
            let calibrated = CalibratedModel(identified: prepared.original, tokens: tokens)
            let needed = needed
            let all = try analysis.measure(calibrated, measures: measures) { needed.contains($0) }
            for found in all {
                analysed.add(found.similarity)
                guard measuresInUse.contains(found.similarity.measure.name) else { continue }
                for warning in found.similarity.matrix.warnings {
                    analysis.cache.progress.warn(warning)
                }
            }
        }
        if let compare = job.compare {
            let outcome = try SetComparison(stages: analysis, compare: compare).run(
                prepared.original, sets: sets, calibration: analysed.similarity)
            analysed.reports += outcome.similarities
            analysed.correlations = outcome.correlations
        }
        return analysed
    }

    // MARK: Report

    private func makeReport(
        _ original: IdentifiedModel, _ outcome: Outcome
    ) throws -> RunReport {
        let model = original.model
        let format = try model.checkpoint.tensor(model.blueprint.embedding).dtype
        return RunReport(
            job: try JSONValueEncoder.value(of: job),
            model: RunReport.Model(
                name: original.name, digest: original.digest.hex,
                architecture: model.blueprint.modelType, layers: model.blueprint.layers.count,
                parameters: model.parameterCount, bytes: model.checkpoint.tensorByteCount,
                dtype: format.configName),
            stages: cache.records, similarity: outcome.analysed.reports,
            correlations: outcome.analysed.correlations, results: outcome.made,
            quantized: outcome.quantized.isEmpty ? nil : outcome.quantized,
            exports: outcome.exports,
            warnings: progress.warnings, versions: Versions.current, numerics: numerics.report,
            started: started, finished: timestamp())
    }
}

extension JobDescription {
    fileprivate var readsText: Bool {
        calibration != nil || !evaluate.isEmpty || compare?.sets.isEmpty == false
    }
}
