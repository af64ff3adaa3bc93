// What quantising a model takes, planned before it begins.

package import Model
import Schemes
import TensorMath

extension ModelQuantizing {
    /// Bytes held at most beside the mapped weights.
    package var peakByteCount: Int {
        let streams = recipe.followsOriginal ? 2 : 1
        let forward = ForwardMemory(
            blueprint: weights.blueprint, batch: batch, capturedRows: 0,
            waveTokens: Self.waveTokens, mode: mode, space: space)
        let stream = streams * forward.stream
        let widestLayer = layers.map(\.parameterCount).max() ?? 0
        // The layer's weights as they are read, once more while one of them is set, and its codes.
        let layer = 4 * widestLayer + widestLayer
        let busiest = max(sites.map(siteByteCount).max() ?? 0, trialByteCount)
        return stream + 2 * forward.scratch + layer + busiest
    }

    /// Tokens of the longest wave: a sequence is never cut.
    private var waveTokensMax: Int { max(Self.waveTokens, batch.longest) }

    private var sites: [LayerSite] {
        layers.flatMap { $0.mixerSites + $0.feedForwardSites }
    }

    /// The weights behind a place, their trial copies, one of them on its way, and what trials read
    /// and give.
    private var trialByteCount: Int {
        guard case .activationAware = recipe.scaling else { return 0 }
        let hidden = weights.blueprint.hiddenWidth
        let pairs = layers.flatMap {
            ScalingPair.ofMixer($0, includingProjections: true)
                + ScalingPair.ofFeedForward($0, includingProjections: true)
        }
        return pairs.map { pair in
            let inputs = pair.scaleOfInput.count
            let outputs = pair.after.reduce(0) { $0 + $1.totalRows }
            let widest = pair.after.map(\.totalRows).max() ?? 0
            return 4 * inputs * (2 * outputs + 2 * widest)
                + 4 * 2 * ScaleSearch.trialWaves * waveTokensMax * (inputs + hidden)
        }.max() ?? 0
    }

    private func siteByteCount(_ site: LayerSite) -> Int {
        let widest = site.weights.map(\.totalRows).max() ?? 0
        // Weight, rounded copy, and what is made of them.
        let weight = 4 * 4 * widest * site.inputs
        var waveOutputs = 0
        var sums = 0
        switch recipe.rounding {
        case .nearest(let clips):
            if clips {
                sums = GroupGrams.byteCount(
                    inputs: site.inputs, group: recipe.scheme.groupWidth(columns: site.inputs))
            }
        case .feedback:
            let targets = recipe.followsOriginal ? site.outputs : 1
            let accumulating = GramAccumulator.byteCount(
                features: site.inputs, targets: targets)
            let crossing = 8 * site.inputs * targets + 3 * 4 * site.inputs * targets
            let rounding = InputGeometry.peakByteCount(inputs: site.inputs)
            let scratch = GPTQ.scratchByteCount(outputs: widest, inputs: site.inputs)
            let held = InputGeometry.byteCount(inputs: site.inputs)
            sums = max(accumulating, rounding + crossing, held + crossing + scratch)
            waveOutputs = recipe.followsOriginal ? 4 * 2 * waveTokensMax * site.outputs : 0
        }
        return weight + sums + waveOutputs
    }

    /// Bytes of files that streams lie in.
    package var scratchByteCount: Int {
        (recipe.followsOriginal ? 2 : 1)
            * space.diskBytes(4 * batch.tokens.count * weights.blueprint.hiddenWidth)
    }

    /// Each layer once and a half for its inputs and once behind it, in each model that is
    /// followed; the sums; and what is done with each weight.
    package var work: Work {
        let load = TokenLoad(batch)
        let passes = recipe.followsOriginal ? 4.0 : 2.0
        var work = Work(operations: passes * weights.blueprint.operations(load))
        for site in sites {
            let (inputs, outputs) = (Double(site.inputs), Double(site.outputs))
            work.written += inputs * outputs
            if case .feedback = recipe.rounding {
                work.operations += load.tokens * inputs * inputs
                work.operations += 4 / 3 * inputs * inputs * inputs
                work.operations += GPTQ.operations(outputs: site.outputs, inputs: site.inputs)
                if recipe.followsOriginal {
                    work.operations += 4 * load.tokens * inputs * outputs
                    work.operations += 4 * inputs * inputs * outputs
                }
            }
        }
        if case .activationAware = recipe.scaling {
            let tokens = min(load.tokens, Double(ScaleSearch.trialWaves * waveTokensMax))
            let trial = load * (tokens / max(1, load.tokens))
            work.operations +=
                Double(InputScales.candidates.count + 1) * 2
                * weights.blueprint.operations(trial)
            work.operations += weights.blueprint.operations(load)
        }
        return work
    }
}
