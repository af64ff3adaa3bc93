// Plans in words, for the report and the model card.

import Catalogue

enum PlanText {
    /// `6 = 0.62 × layer 7 + 0.38 × layer 8`, or `6 = layer 7` where it is one layer unchanged.
    static func equation(_ entry: RunReport.PlanEntry) -> String {
        guard entry.isMerged else { return "\(entry.into) = layer \(entry.from[0].layer)" }
        if entry.from.isEmpty { return "\(entry.into) = nothing" }
        var text = "\(entry.into) ="
        for (index, source) in entry.from.enumerated() {
            let isNegative = source.weight < 0
            if index > 0 {
                text += isNegative ? " \(NumberText.minus)" : " +"
            } else if isNegative {
                text += " \(NumberText.minus)"
            }
            let weight = NumberText.brief(source.weight.magnitude)
            text += " \(weight) × layer \(source.layer)"
        }
        return text
    }

    /// `3, 7–9, 12`.
    static func ranges(_ numbers: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = runs.last, number <= last.upperBound + 1 {
                runs[runs.count - 1] = last.lowerBound...max(number, last.upperBound)
            } else {
                runs.append(number...number)
            }
        }
        return runs.map { run in
            switch run.count {
            case 1: "\(run.lowerBound)"
            case 2: "\(run.lowerBound), \(run.upperBound)"
            default: "\(run.lowerBound)\u{2013}\(run.upperBound)"
            }
        }.joined(separator: ", ")
    }

    /// `layer 3` or `layers 3, 7–9`.
    static func layers(_ numbers: [Int]) -> String {
        (numbers.count == 1 ? "layer " : "layers ") + ranges(numbers)
    }

    /// One sentence on what the plan does to the layers.
    static func summary(_ result: RunReport.Result) -> String {
        let merged = result.plan.filter(\.isMerged)
        let removed = result.removedLayers
        if result.nature == .computes { return computed(result) }
        if merged.isEmpty {
            if removed.isEmpty { return "Every layer was kept as it is." }
            let verb = removed.count == 1 ? "was" : "were"
            return """
                Nothing was merged: \(layers(removed)) \(verb) left out, the others kept as \
                they are.
                """
        }
        let sources = merged.flatMap(\.from).map(\.layer)
        let count = merged.count == 1 ? "one layer" : "\(merged.count) layers"
        var text = "\(Set(sources).count) layers (\(ranges(sources))) were merged into \(count)"
        if !removed.isEmpty {
            text += "; \(layers(removed)) \(removed.count == 1 ? "was" : "were") left out"
        }
        return text + "."
    }

    private static func computed(_ result: RunReport.Result) -> String {
        let removed = result.removedLayers
        if removed.isEmpty { return "Every layer was kept, with weights computed anew." }
        let verb = removed.count == 1 ? "was" : "were"
        let gone = removed.count == 1 ? "Layer " : "Layers "
        guard Offer.method(result.method)?.takesIn == true else {
            return """
                \(gone)\(ranges(removed)) \(verb) left out; weights of the others were computed \
                anew to make up for it.
                """
        }
        let taken = zip(result.plan, result.takenIn).compactMap { entry, layers -> String? in
            layers.isEmpty ? nil : "\(entry.from[0].layer) took in \(ranges(layers))"
        }
        return """
            \(gone)\(ranges(removed)) \(verb) folded into others (\(taken.joined(separator: ", "))), \
            of which the best neurons and heads of all were selected; what follows was refitted.
            """
    }
}
