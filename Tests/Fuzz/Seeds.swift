// Good texts to start from: the repository's own examples and fixtures, and a few made here.

import Foundation

enum Seeds {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The files below a folder of the repository with such an ending, in order of their names.
    ///
    /// - Parameter bytesMax: longer ones are left out: a small text is changed in more places.
    static func files(below folder: String, ending: String, bytesMax: Int) -> [[UInt8]] {
        let top = root.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: top.path)?.allObjects ?? []
        return names.compactMap { $0 as? String }.filter { $0.hasSuffix(ending) }.sorted()
            .compactMap { FileManager.default.contents(atPath: top.appending(path: $0).path) }
            .map { [UInt8]($0) }.filter { !$0.isEmpty && $0.count <= bytesMax }
    }

    /// A safetensors file: length, header, and that many bytes of data.
    static func safetensors(_ header: String, data: Int) -> [UInt8] {
        let length = header.utf8.count
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    static let headers = [
        safetensors("{}", data: 0),
        safetensors(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   "#, data: 4),
        safetensors(
            """
            {"__metadata__":{"format":"pt","k":"v"},\
            "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
            "b.w":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},\
            "c":{"dtype":"F16","shape":[],"data_offsets":[32,34]},\
            "d":{"dtype":"U8","shape":[0,5],"data_offsets":[34,34]}}
            """, data: 34),
        safetensors(
            #"""
            { "\u00e9\n" : { "shape" : [ 1 , 2 ] , "data_offsets" : [ 0 , 2 ] ,
            "dtype" : "I8" , "extra" : { "x" : [ true , null , -1.5e+3 , "s" ] } } }
            """#, data: 2),
    ]

    static let documents = [
        #"[1, -2.5e-3, "\ud83d\ude00", {"a": [[], {}]}, null, true, false, NaN]"#,
        #"{"z": 0.1, "a": [1e300, 0.30000000000000004], "": {}, "é": "\\\"\u0001\u2028"}"#,
        #"{"model_type":"llama","hidden_size":64,"rope_scaling":{"factor":8.0},"ids":[1,2]}"#,
    ].map { Array($0.utf8) }

    static let indexes = [
        #"{"metadata": {"total_size": 8, "x": [1]}, "weight_map": {"#
            + #""a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#
    ].map { Array($0.utf8) }

    // MARK: Words that parsers treat specially

    static let jsonWords = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\n", "\0", "0", "-", "-1", "4.0", "1e0",
        "01", "1e999", "-0.0", "0.30000000000000004", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "4294967296", "null", "true", "\"a\":",
        "\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "[[[[[[[[[[[[[[[[", "é", "😀",
        "\u{301}", "\u{FEFF}", "NaN", "-Infinity", "\"\"", "[]", "{}",
    ]

    static let headerWords =
        jsonWords + [
            "\"shape\":[0],", "\"__metadata__\":{},", "\"F4\"", "\"F64\"", "\"I64\"", "\"BOOL\"",
            "../", "/", "\"data_offsets\":[0,0],", "\"dtype\":\"U8\",",
        ]

    static let tokenizerWords =
        jsonWords + [
            "4194303", "Regex", "String", "(", ")", "*", "{1,3}", #"\\p{L}"#, "(?i:", "(?=", "|",
            "&&", "Sequence", "Split", "ByteLevel", "Metaspace", "NFKC", "Strip", "Isolated",
            "byte_fallback", "ignore_merges", "<0x41>", "▁", "Ġ", "normalized", "lstrip",
            "\"id\":0,",
        ]

    static let chatTemplates = [
        "{% for m in messages if m.role != 'x' -%}\n<|{{ m['role'] | upper }}|>{{ m.content }}"
            + "{{ loop.last }}{%+ else %}none{% endfor %}{# end #}\n",
        "{%- macro f(a, b=[1, 2][::-1]) %}{% set ns = namespace(x=b) %}{{ ns.x | tojson }}"
            + "{% if a > 0 %}{{ f(a - 1) }}{% endif %}{% endmacro %}{{ f(3) ~ 'x' * 2 }}",
        "{% set t %}{{ messages | selectattr('role', 'eq', 'user') | map(attribute='content')"
            + " | join(', ') }}{% endset %}{{ t.split(',')[0] if t is defined else none }}",
    ].map { Array($0.utf8) }

    static let chatTemplateWords = [
        "{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", " if ", " else ", "{% endif %}",
        " for ", " in ", "{% endfor %}", "{% break %}", "(", ")", "[", "]", "{", "}", "|", ".",
        ":", ",", "'", "\\", "not ", "-", "*", "**", "//", "%", "~", "==", "<", " is ", "messages",
        "range(99999)", "9223372036854775807", "1e999", "f(9)", "|replace('', t)", "[::-1]", "é",
    ]

    static let requests = [
        "GET /v1/jobs?limit=5&state=queued,running HTTP/1.1\r\nHost: localhost\r\n"
            + "Connection: close\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nX-Layerfold-Name: a%20b\r\nExpect: 100-continue\r\n"
            + "Content-Length: 11\r\n\r\nversion: 1\n",
        "DELETE /v1/jobs/01/results HTTP/1.0\r\n\r\n",
    ].map { Array($0.utf8) }

    static let requestWords = [
        "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", ":", "%", "%2F", "%00", "%ff", "?", "&", "=",
        "/",
        "HTTP/1.1", "HTTP/2", "Host: a\r\n", "Content-Length: 3\r\n", "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "0\r\n\r\n", "\0", "é",
        "99999999999999999999", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]

    static let manifestWords = [
        "&a ", "*a", "!!str ", "!x ", "? ", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'",
        "|\n", ">\n", "#", "\n", "\r\n", "\t", "---\n", "...\n", "%YAML 1.2\n", "~", ".nan",
        "1e999", "0.25", "ratios:", "compress:", "method: mka", "\u{FEFF}", "\u{85}", "\u{2028}",
        "\\", "\"\\ud800\"", "*a *a *a *a *a *a *a *a *a *a", "<<: *a\n", "<<: {a: 1}\n",
    ]
}
