// How the tensors of a new checkpoint spread over files: the greedy rule and the file names of
// Hugging Face (huggingface_hub, split_state_dict_into_shards), and the index that goes with them.

import JSON

/// One weight file of a new checkpoint.
struct PlannedShard: Equatable {
    let name: String
    /// Places in the given plans, in their order.
    let tensors: [Int]
}

enum ShardPlan {
    /// Fills one file after the other in the given order; a tensor larger than the limit gets a
    /// file of its own, before the one being filled. One file is called model.safetensors,
    /// several are numbered from 1.
    ///
    /// - byteLimit: of tensor bytes per file; nil for a single file.
    static func shards(of plans: [TensorPlan], byteLimit: Int?) -> [PlannedShard] {
        let byteLimit = byteLimit ?? .max
        var groups: [[Int]] = []
        var filling: [Int] = []
        var filled = 0
        for (index, plan) in plans.enumerated() {
            if plan.byteCount > byteLimit {
                groups.append([index])
                continue
            }
            if plan.byteCount > byteLimit - filled {
                groups.append(filling)
                filling = []
                filled = 0
            }
            filling.append(index)
            filled += plan.byteCount
        }
        if !filling.isEmpty || groups.isEmpty { groups.append(filling) }
        guard groups.count > 1 else {
            return [PlannedShard(name: CheckpointFolder.singleName, tensors: groups[0])]
        }
        let count = padded(groups.count)
        return groups.enumerated().map { index, tensors in
            PlannedShard(
                name: "model-\(padded(index + 1))-of-\(count).safetensors", tensors: tensors)
        }
    }

    /// The text of model.safetensors.index.json, as transformers 5 writes it: keys sorted.
    static func index(of shards: [PlannedShard], _ plans: [TensorPlan]) -> String {
        let mapping = shards.flatMap { shard in
            shard.tensors.map { (plans[$0].name, JSONValue.string(shard.name)) }
        }
        let sorted = mapping.sorted { ExactString.precedes($0.0, $1.0) }
        let metadata = JSONObject([
            ("total_parameters", .integer(plans.reduce(0) { $0 + $1.elementCount })),
            ("total_size", .integer(plans.reduce(0) { $0 + $1.byteCount })),
        ])
        let index: JSONValue = [
            "metadata": .object(metadata), "weight_map": .object(JSONObject(sorted)),
        ]
        return index.text(.python)
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
