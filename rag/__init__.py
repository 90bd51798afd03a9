"""Questions answered from paper abstracts, offline, every claim traceable to its sentence.

Importing this package loads nothing heavy: engines (faiss, onnxruntime, llama_cpp, torch) are
imported by the one module that owns each, when it is first used.
"""

__version__ = "0.1.0"
