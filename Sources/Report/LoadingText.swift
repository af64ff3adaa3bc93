// How to load a folded model: lines to paste, with names from outside quoted for the language
// they stand in.

package enum LoadingText {
    package static func transformers(_ path: String) -> String {
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer

        path = \(pythonQuoted(path))
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype="auto")
        inputs = tokenizer("The sea was", return_tensors="pt")
        print(tokenizer.decode(model.generate(**inputs, max_new_tokens=40)[0]))
        """
    }

    package static func vllm(_ path: String) -> String {
        "vllm serve \(shellQuoted(folder(path)))"
    }

    package static func llamaCpp(_ path: String) -> String {
        let file = shellQuoted(folder(path) + ".gguf")
        return """
            python convert_hf_to_gguf.py \(shellQuoted(folder(path))) --outfile \(file)
            llama-cli -m \(file) -p "The sea was"
            """
    }

    /// With a file that is one already.
    package static func llamaCpp(file path: String) -> String {
        "llama-cli -m \(shellQuoted(folder(path))) -p \"The sea was\""
    }

    /// A path that no program takes for an option or for a name in a model hub.
    private static func folder(_ path: String) -> String {
        ["/", "./", "../"].contains(where: path.hasPrefix) ? path : "./" + path
    }

    /// One word of a POSIX shell.
    static func shellQuoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        if isPlain, !text.isEmpty { return text }
        return "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }

    /// A string literal of Python, ASCII only.
    static func pythonQuoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }
}
