// What an entry of `quantize` is called, and the folders of the models it makes.

import Catalogue

extension JobDescription.Quantization {
    /// What tells entries apart.
    struct Identity: Hashable {
        let method: String
        let parameters: Parameters
    }

    var identity: Identity { Identity(method: method, parameters: parameters) }

    /// `rtn-w4`, `rtn-w4-g64`, `fp8`: the method and what its folders are named by, words that are
    /// the default left out.
    package var name: String {
        if let label { return label }
        let declared = Offer.quantization(method)
        return (declared?.naming ?? []).reduce(method) { name, part in
            switch parameters[part.parameter] {
            case .integer(let value)?: "\(name)-\(part.prefix)\(value)"
            case .text(let word)?:
                declared?.parameter(part.parameter)?.defaultValue == .value(.text(word))
                    ? name : "\(name)-\(word)"
            default: name
            }
        }
    }
}

extension JobDescription {
    /// Of the entries of `quantize`, in their order; of equal ones later get `-2`, `-3`. A model's
    /// folder is called as what it is made of, and this: `mka-r0.25-rtn-w4`, `original-fp8`.
    package var quantizationNames: [String] {
        var taken: Set<String> = []
        return (quantize ?? []).map { entry in
            var name = entry.name
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(entry.name)-\(number)"
                number += 1
            }
            return name
        }
    }
}
