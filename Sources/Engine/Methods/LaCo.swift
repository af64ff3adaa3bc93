// Runs the collapse of layers and takes its plan.

import Catalogue

extension Method {
    static let laco = Method(.laco, search: collapse) { try $0.searched() }

    private static let collapse = PlanSearch(
        peakByteCount: {
            LayerCollapse.peakByteCount($0.weights.blueprint, tokens: $0.batch, mode: $0.mode)
        },
        run: { input, observer in
            FoundPlan(
                plan: try LayerCollapse(
                    input.weights, mode: input.mode, batch: input.batch,
                    settings: CollapseSettings(input.parameters)
                ).plan(removing: input.removing, observer: observer))
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
