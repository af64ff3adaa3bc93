// How a job is cut: what all models share, then the models side by side, then what takes long on
// each of them, and at last the whole job, which finds all of it in the cache. Pure.

import Catalogue
package import Jobs

package enum ClusterPlan {
    /// A unit of less is run together with others: the queue's own time is of that order.
    package static let smallSeconds = 120.0
    /// An evaluation of more is a unit of its own.
    package static let longSeconds = 600.0
    /// A job of less is one unit.
    package static let wholeSeconds = 300.0

    package static let shared = "shared"
    package static let whole = "whole"

    /// The units of a job; each stands behind those it needs, the last is the whole job.
    /// - Parameter forecast: nil where nobody knows: then each model is a unit, with its
    ///   evaluations.
    package static func units(
        of job: JobDescription, forecast: ClusterForecast? = nil
    ) -> [ClusterUnit] {
        let cut = Cut(job: job, forecast: forecast)
        if let forecast, forecast.seconds <= wholeSeconds { return [cut.whole(after: [])] }
        if job.candidates.count < 2, !cut.quantisesOriginal, cut.longEvaluations.isEmpty {
            // Nothing could be done at the same time.
            return [cut.whole(after: [])]
        }
        let first = [cut.shared()]
        let models = cut.models()
        let parts = first + cut.baselines() + cut.originals() + models + cut.evaluations(of: models)
        return parts + [cut.whole(after: parts.map(\.name))]
    }
}

/// A job on its way to be cut.
private struct Cut {
    let job: JobDescription
    let forecast: ClusterForecast?
    /// Places of evaluations that take long on the original: on what is made of it, too. Asked
    /// for with every model, so found once: it reads all of the forecast for each model.
    let longEvaluations: [Int]
    private let shortEvaluations: [JobDescription.Evaluation]

    init(job: JobDescription, forecast: ClusterForecast?) {
        self.job = job
        self.forecast = forecast
        let long = Self.longEvaluations(of: job, forecast)
        longEvaluations = long
        shortEvaluations = job.evaluate.indices.filter { !long.contains($0) }.map {
            job.evaluate[$0]
        }
    }

    private static func longEvaluations(
        of job: JobDescription, _ forecast: ClusterForecast?
    ) -> [Int] {
        guard let forecast else { return [] }
        return job.evaluate.indices.filter { index in
            let task = job.evaluate[index].task
            let seconds = ([JobName.original] + job.candidates.map(\.folder)).map {
                forecast.evaluationSeconds(of: $0, task)
            }
            return seconds.contains { $0 >= ClusterPlan.longSeconds }
        }
    }

    var quantisesOriginal: Bool { job.quantize?.contains(where: \.original) ?? false }

    private func unit(
        _ name: String, _ title: String, needs: [String] = [ClusterPlan.shared],
        _ scope: UnitScope = .models, seconds: Double? = nil, _ description: JobDescription
    ) -> ClusterUnit {
        ClusterUnit(
            name: name, title: title, needs: needs, scope: scope, description: description,
            seconds: seconds, peakBytes: forecast?.peakBytes)
    }

    /// With all its models, since these say which measures are needed; they are not made.
    func shared() -> ClusterUnit {
        var description = job
        description.evaluate = shortEvaluations
        description.export = nil
        let long = longEvaluations.map { job.evaluate[$0].task }
        let seconds = forecast.map { $0.sharedSeconds(without: long) }
        return unit(
            ClusterPlan.shared, "what all models share", needs: [], .shared, seconds: seconds,
            description)
    }

    /// Long evaluations of the original.
    func baselines() -> [ClusterUnit] {
        longEvaluations.map { index in
            var description = job.restricted(to: [])
            description.evaluate = [job.evaluate[index]]
            return unit(
                "original-e\(index + 1)", "\(job.evaluate[index].task) of the original", .shared,
                seconds: forecast?.evaluationSeconds(
                    of: JobName.original, job.evaluate[index].task), description)
        }
    }

    /// The original in fewer bits.
    func originals() -> [ClusterUnit] {
        guard quantisesOriginal else { return [] }
        var description = job.restricted(to: [])
        description.quantize = job.quantize?.filter(\.original)
        return [
            unit(
                "original", "the original in fewer bits",
                needs: [ClusterPlan.shared] + baselines().map(\.name),
                seconds: forecast?.seconds, description)
        ]
    }

    /// What a model takes besides its evaluations, as far as that can be told: an even share.
    private var modelSeconds: Double? {
        forecast.map { forecast in
            let rest = forecast.seconds - forecast.evaluationSeconds - forecast.analysisSeconds
            return max(0, rest) / Double(max(1, job.candidates.count))
        }
    }

    private func seconds(of candidate: Int) -> Double? {
        guard let forecast, let modelSeconds else { return nil }
        let folder = job.candidates[candidate].folder
        return shortEvaluations.reduce(modelSeconds) {
            $0 + forecast.evaluationSeconds(of: folder, $1.task)
        }
    }

    /// Models side by side; small ones together.
    func models() -> [ClusterUnit] {
        var units: [ClusterUnit] = []
        for chain in chains() {
            var behind: String?
            for group in chain {
                let folders = group.map { job.candidates[$0].folder }
                var description = job.restricted(to: Set(group))
                description.evaluate = shortEvaluations
                let name = "m\(units.count + 1)"
                let times = group.map { seconds(of: $0) }
                units.append(
                    unit(
                        name, folders.joined(separator: ", "),
                        needs: [ClusterPlan.shared] + (behind.map { [$0] } ?? []),
                        seconds: times.contains(nil) ? nil : times.compactMap(\.self).reduce(0, +),
                        description))
                // The first leaves what the others would look for as well.
                if behind == nil, chain.count > 1 { behind = name }
            }
        }
        return units
    }

    /// Groups of models, by what waits for what: in each chain the first group goes before the
    /// rest, which go at the same time.
    private func chains() -> [[[Int]]] {
        var chains: [[[Int]]] = []
        var small: [Int] = []
        for entry in entries() {
            let isSmall = entry.allSatisfy {
                seconds(of: $0).map { $0 < ClusterPlan.smallSeconds } ?? false
            }
            if isSmall {
                small += entry
                let sum = small.reduce(0) { $0 + (seconds(of: $1) ?? 0) }
                guard sum >= ClusterPlan.smallSeconds else { continue }
                chains.append([small])
                small = []
            } else if sharesGround(entry) {
                // The most layers first: a search for these finds those of fewer on its way.
                let deepest = entry.max {
                    (job.candidates[$0].ratio ?? 0) < (job.candidates[$1].ratio ?? 0)
                }
                chains.append(
                    (deepest.map { [[$0]] } ?? [])
                        + entry.filter { $0 != deepest }.map { [$0] })
            } else {
                chains += entry.map { [[$0]] }
            }
        }
        if !small.isEmpty { chains.append([small]) }
        return chains
    }

    /// Places of candidates, by entry of `compress`.
    private func entries() -> [[Int]] {
        var next = 0
        return job.compress.map { entry in
            let count = max(1, entry.ratios.count)
            defer { next += count }
            return Array(next..<(next + count))
        }
    }

    /// Whether models of one method at several ratios are found on one way, step by step.
    private func sharesGround(_ entry: [Int]) -> Bool {
        guard entry.count > 1, let method = Offer.method(job.candidates[entry[0]].method) else {
            return false
        }
        return method.removesLayers && method.needs == .tokens
    }

    /// Long evaluations of each model.
    func evaluations(of models: [ClusterUnit]) -> [ClusterUnit] {
        models.flatMap { model in
            longEvaluations.map { index in
                var description = model.description
                let task = job.evaluate[index].task
                description.evaluate = [job.evaluate[index]]
                return unit(
                    "\(model.name)-e\(index + 1)", "\(task) of \(model.title)",
                    needs: [model.name, "original-e\(index + 1)"],
                    seconds: forecast.map { forecast in
                        model.description.candidates.reduce(0) {
                            $0 + forecast.evaluationSeconds(of: $1.folder, task)
                        }
                    }, description)
            }
        }
    }

    func whole(after units: [String]) -> ClusterUnit {
        let seconds = forecast.map { units.isEmpty ? $0.seconds : $0.writingSeconds }
        return unit(
            ClusterPlan.whole, "the whole job", needs: units, .whole, seconds: seconds, job)
    }
}

extension JobDescription {
    /// The same job for some of its models alone, and without what is only written for people.
    /// - Parameter places: of models in `candidates`.
    package func restricted(to places: Set<Int>) -> JobDescription {
        var job = self
        var next = 0
        job.compress = compress.compactMap { entry in
            defer { next += max(1, entry.ratios.count) }
            guard !entry.ratios.isEmpty else { return places.contains(next) ? entry : nil }
            var kept = entry
            kept.ratios = entry.ratios.indices.filter { places.contains(next + $0) }.map {
                entry.ratios[$0]
            }
            return kept.ratios.isEmpty ? nil : kept
        }
        // The original in fewer bits is a unit of its own.
        job.quantize = quantize?.map { entry in
            var entry = entry
            entry.original = false
            return entry
        }
        job.export = nil
        return job
    }
}
