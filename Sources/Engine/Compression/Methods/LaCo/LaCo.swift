// Runs the collapse of layers and takes its plan.

import Catalogue
import Model

extension Method {
    static let laco = Method(
        .laco, requires: { _ in Requirements(search: collapse) }
    ) { try $0.searched() }

    private static let collapse = PlanSearch(
        peakByteCount: { input, _ in
            LayerCollapse.peakByteCount(
                input.weights.blueprint, tokens: input.batch, mode: input.mode)
        },
        work: { input, _ in
            LayerCollapse.work(input.weights.blueprint, tokens: input.batch)
        },
        run: { input, removing, observer in
            FoundPlan(
                plan: try LayerCollapse(
                    input.weights, mode: input.mode, batch: input.batch,
                    settings: CollapseSettings(input.parameters)
                ).plan(removing: removing, observer: observer))
        })
}

extension CollapseSettings {
    init(_ parameters: Parameters) {
        self.init()
        layersPerMerge = parameters.integer("layers_per_merge")
        interval = parameters.integer("interval")
        let lowest = parameters.integer("lowest")
        range = lowest...max(lowest, parameters.values["highest"]?.integer ?? Int.max)
        threshold = parameters.values["threshold"]?.number
    }
}
