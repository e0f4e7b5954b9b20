import sys

print("importing")
sys.exit(7)
