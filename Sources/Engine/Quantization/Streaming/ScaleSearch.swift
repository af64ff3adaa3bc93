// Scales of a layer's inputs from what they are on calibration tokens: found by trial (AWQ), or by
// formula (SmoothQuant).

import Model
import TensorMath

/// Finds the scales of the pairs of one layer.
struct ScaleSearch {
    let draft: LayerDraft
    let recipe: QuantizationRecipe
    /// The stream that the layer reads.
    let stream: MatrixView
    let waves: CalibrationWaves

    /// Waves on which each candidate is tried.
    static let trialWaves = 2

    private struct Trial {
        let layout: WaveLayout
        let input: MatrixView
        /// What the block gives before anything is rounded.
        let output: MatrixView
    }

    // MARK: AWQ

    /// The scales, one for each of the pair's, with which the block that reads them is nearest to
    /// what it was once its weights are rounded; nil where no token reads there.
    func activationAware(
        _ pair: ScalingPair, observer: some WorkObserver
    ) throws -> [Float]? {
        guard let activations = try means(pair.place, observer) else { return nil }
        let weights = try pair.after.map { try draft.weight($0) }
        let grid = recipe.grid(try draft.format(pair.after[0]))
        let trials = try trials(pair.place)
        guard !trials.isEmpty else { return nil }
        let (mean, shares) = (pair.pooled(activations), pair.pooled(grid.shares(of: weights)))
        var best: (scales: [Float], loss: Double)?
        for candidate in InputScales.candidates {
            try observer.checkpoint()
            let scales = InputScales.activationAware(
                candidate, activations: mean, weights: shares)
            let loss = try loss(pair, weights, grid, pair.spread(scales), trials)
            if loss < best?.loss ?? .infinity { best = (scales, loss) }
        }
        return best?.scales
    }

    /// Mean magnitude of each input.
    private func means(
        _ place: LayerSite.Place, _ observer: some WorkObserver
    ) throws -> [Double]? {
        var sums: [Double] = []
        var tokens = 0
        for wave in waves.fitted {
            try observer.checkpoint()
            let input = try input(place, wave)
            if sums.isEmpty { sums = [Double](repeating: 0, count: input.columns) }
            GridRounding.addMagnitudes(of: input, to: &sums)
            tokens += input.rows
        }
        guard sums.allSatisfy(\.isFinite) else { throw notFinite(place) }
        return tokens == 0 ? nil : sums.map { $0 / Double(tokens) }
    }

    private func notFinite(_ place: LayerSite.Place) -> CalibrationFault {
        let sites = draft.layer.mixerSites + draft.layer.feedForwardSites
        let first = sites.first { $0.place == place } ?? sites.first
        return .inputs(tensor: first?.weights.first?.tensor ?? "")
    }

    private func input(_ place: LayerSite.Place, _ wave: ForwardPass.Wave) throws -> MatrixView {
        let rows = stream.rows(wave.tokens)
        return try draft.reader.input(
            place, stream: rows, layout: wave.layout,
            chosen: try draft.reader.chosen(place, stream: rows))
    }

    private func trials(_ place: LayerSite.Place) throws -> [Trial] {
        try waves.spread(Self.trialWaves).compactMap { wave in
            let input = try input(place, wave)
            guard input.rows > 0 else { return nil }
            let output = try block(place, input, wave.layout, draft.reader.context)
            return Trial(layout: wave.layout, input: input, output: output)
        }
    }

    /// Squared distance of the block's output with weights Q(W s) / s.
    private func loss(
        _ pair: ScalingPair, _ weights: [MatrixView], _ grid: Grid, _ scales: MatrixView,
        _ trials: [Trial]
    ) throws -> Double {
        let (source, context) = draft.trial()
        for (projection, weight) in zip(pair.after, weights) {
            let rounded = MatrixView(rows: weight.rows, columns: weight.columns)
            rounded.assign(weight)
            RowKernels.multiply(rounded, gain: scales, gainOffset: 0)
            grid.roundInPlace(rounded)
            RowKernels.divide(rounded, by: scales)
            source.set(projection.tensor, rounded)
        }
        return try trials.reduce(0) { sum, trial in
            let output = try block(pair.place, trial.input, trial.layout, context)
            output.subtract(trial.output)
            return sum + output.sumOfSquares
        }
    }

    /// What the smallest block that holds all the weights of a place gives, [tokens, hidden].
    private func block(
        _ place: LayerSite.Place, _ input: MatrixView, _ layout: WaveLayout,
        _ context: BlockContext
    ) throws -> MatrixView {
        let layer = draft.layer
        let output = MatrixView(rows: input.rows, columns: context.weights.blueprint.hiddenWidth)
        switch (place, layer.mixer, layer.feedForward) {
        case (.mixer, let mixer, _):
            guard let found = try mixer.heads(input, layout: layout, context: context) else {
                break
            }
            try context.project(found.heads, found.output, into: output)
        case (.heads, .attention(let attention), _):
            try context.project(input, attention.output, into: output)
        case (.feedForward, _, .mlp(let mlp)):
            try mlp.run(input, into: output, accumulate: false, context: context)
        case (.feedForward, _, .experts(let experts)):
            try experts.run(input, addingTo: output, context: context)
        case (.neurons, _, .mlp(let mlp)):
            try context.project(input, mlp.down, into: output)
        case (.expertNeurons(let index), _, .experts(let experts)):
            try context.project(input, experts.experts[index].down, into: output)
        case (.shared, _, .experts(let experts)):
            guard let shared = experts.shared else { break }
            try context.project(input, shared.down, into: output)
        default: preconditionFailure("no scales are searched for at this place")
        }
        return output
    }

    // MARK: SmoothQuant

    /// Scales by the largest magnitudes of inputs and weights.
    func smoothing(
        _ pair: ScalingPair, strength: Double, observer: some WorkObserver
    ) throws -> [Float] {
        let activations = MatrixView(rows: 1, columns: pair.scaleOfInput.count)
        for wave in waves.fitted {
            try observer.checkpoint()
            let input = try input(pair.place, wave)
            var numbers = FiniteCount()
            input.withContiguousValues { numbers.add($0) }
            guard numbers.others == 0 else { throw notFinite(pair.place) }
            GridRounding.raise(activations, toMagnitudesOf: input)
        }
        let peaks = MatrixView(rows: 1, columns: activations.columns)
        for projection in pair.after {
            GridRounding.raise(peaks, toMagnitudesOf: try draft.weight(projection))
        }
        return InputScales.smoothing(
            activations: activations.row(0), weights: peaks.row(0), strength: strength)
    }
}
