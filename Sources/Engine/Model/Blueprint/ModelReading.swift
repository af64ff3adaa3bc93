// How a model is read where its files say two things, or where earlier builds took them another
// way: told to people, and a part of what names the model in keys.

/// A reading that the plain words of config.json do not give. Raw values are stored in keys.
package enum ModelReading: String, Sendable, CaseIterable, CustomStringConvertible {
    case headOfItsOwn = "own-head"
    case layerTypes = "layer-types"
    case rotation = "rotation"
    case activation = "activation"

    package var description: String {
        switch self {
        case .headOfItsOwn:
            "config.json ties the output head to the embedding, but another head is stored: the "
                + "stored one is used and kept, as transformers does, and the config.json of "
                + "results says `tie_word_embeddings: false`"
        case .layerTypes:
            "`layer_types` says which layers have a window, as transformers reads it"
        case .rotation:
            "rotary positions are read from config.json as transformers 5 does (`rope_scaling` "
                + "before `rope_parameters`); earlier builds read this model's otherwise"
        case .activation:
            "config.json names no activation function; the architecture's own is used"
        }
    }
}
