# Everything a user runs. `make help` lists it.
VENV ?= .venv
PYTHON_VENV := $(VENV)/bin/python
# Two models and a simulation share few cores: one thread each is faster than all fighting for all.
export OMP_NUM_THREADS ?= 1

.PHONY: help setup demo demo-real nodes test gazebo soak soak-augmenter bench-augmenter-node lint bench ablation clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 24

setup:  ## make .venv with ROS 2 Jazzy, the dependencies and this package
	@scripts/setup.sh $(VENV)

demo: setup  ## the whole mission in simulation; pictures and a recording in demo_output/
	$(PYTHON_VENV) -m genmodels_ros.nodes.mission.demo --out demo_output

demo-real: setup  ## the mission, then real recordings from ../shared/data
	$(PYTHON_VENV) -m genmodels_ros.nodes.mission.demo --out demo_output --real ../shared/data

nodes: setup  ## simulation and all nodes until Ctrl-C, to be called from your own programs
	$(VENV)/bin/bringup --ros-args --params-file config/demo.yaml

test: setup  ## the tests
	$(PYTHON_VENV) -m pytest

gazebo: setup  ## the worlds in a real Gazebo server, where `gz sim` or `ign gazebo` is installed
	$(PYTHON_VENV) -m pytest -rs test/simulation/gazebo/test_gazebo_server.py test/simulation/gazebo/test_gazebo_and_mujoco.py

soak: setup  ## a thousand calls while sensors stream: memory must not grow (3 minutes)
	GENMODELS_CALLS=1000 $(PYTHON_VENV) -m pytest -s test/nodes/mobile/test_world_model_endurance.py -k memory_behind

soak-augmenter: setup  ## 10,000 frames through the augmenter node: its memory must not grow
	$(PYTHON_VENV) -m genmodels_ros.nodes.camera.augmenter_benchmark --soak 10000

bench-augmenter-node: setup  ## latency from a camera's frame to its synthetic one
	$(PYTHON_VENV) -m genmodels_ros.nodes.camera.augmenter_benchmark

lint: setup  ## style
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

bench: setup  ## the numbers of the README
	$(VENV)/bin/genmodels bench all

ABLATION ?= ablation
ablation: setup  ## variants of the world model, trained alike on shards in $(ABLATION)/shards; about 4 minutes each
	for variant in "whole" "categorical --latent categorical" "no_tracks --without tracks" "no_past --without past" \
	  "no_movers --without movers" "no_memory --without memory" "no_latent --without latent"; do set -- $$variant; \
	  name=$$1; shift; $(VENV)/bin/genmodels train world-model --data $(ABLATION)/shards --out $(ABLATION)/$$name \
	    --steps 400 --resume $$* || exit 1; done
	$(PYTHON_VENV) -m genmodels_ros.evaluation.world_model.ablations $(ABLATION)

clean:  ## remove what was built
	rm -rf $(VENV) build install log demo_output *.egg-info
